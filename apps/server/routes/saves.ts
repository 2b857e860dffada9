// Saving, copying and deleting versions, and setting aliases.
import { isRegistryError, type RegistryError } from "../../../mod.ts";
import { fault } from "../../../core/errors.ts";
import type { ServerContext } from "../context.ts";
import { route } from "../describe.ts";
import type { RouteContext, Routes } from "../routing.ts";
import { copyVersion, deleteVersions, setAlias } from "../saving/changes.ts";
import { readCondition, WRITE_CONDITIONS } from "../saving/preconditions.ts";
import { ofCondition, saveSent } from "../saving/save_sent.ts";
import { AliasSchema } from "../schemas/reading.ts";
import * as schemas from "../schemas/saving.ts";
import { ALIAS_HEADERS } from "./aliases.ts";
import type { Registry, SavedArtifact } from "../../../mod.ts";

const SAVED = {
  201: { description: "It was saved", schema: schemas.SavedArtifactSchema },
  200: {
    description: "The version existed: nothing was written",
    schema: schemas.SavedArtifactSchema,
    headers: {
      "holdfast-skipped": "`true`: nothing was saved. What was sent may differ from the version",
    },
  },
};

export function savesRoutes(routes: Routes, context: ServerContext): void {
  const { registry, features } = context;
  features.add("writes");

  route(routes, "POST /artifacts/:name/versions", {
    id: "saveVersion",
    tag: "artifacts",
    summary: "Saves files as a new version",
    description:
      "Small files are in the request, others in uploads, which are used up. Sizes and SHA-256 that are " +
      "given are checked. A repeat with the same idempotencyKey gives what the first one saved, also where it sends " +
      "other content: then `skipped` is true.",
    scope: "write",
    answers: SAVED,
    json: schemas.SaveRequestSchema,
    answer: async ({ c, params: { name }, json, access, signal }) =>
      savedAnswer(c, await saveSent(context, json, { name, access, signal })),
  });

  route(routes, "POST /artifacts/:name/versions/:version/copy", {
    id: "copyVersion",
    tag: "artifacts",
    summary: "Saves the files and metadata of a version under another ref",
    description: "Needs the right to read this name, and to write the other.",
    scope: "read",
    answers: SAVED,
    json: schemas.CopyRequestSchema,
    answer: async ({ c, params: { name, version }, json, access, signal }) => {
      const copied = { name, version, ...json, access, signal };
      return savedAnswer(c, await copyVersion(context, copied));
    },
  });

  route(routes, "DELETE /artifacts/:name/versions/:version", {
    id: "deleteVersion",
    tag: "artifacts",
    summary: "Deletes a version; its bytes are freed later",
    scope: "write",
    requestHeaders: WRITE_CONDITIONS,
    answers: { 200: { description: "Whether there was one", schema: schemas.DeletedSchema } },
    query: schemas.DeleteQuery,
    answer: async ({ c, params: { name, version }, query, signal }) => {
      const { ifCommit, ...asked } = query;
      const commit = await readCondition(c.req.raw, {
        subject: JSON.stringify(`${name}@${version}`),
        current: () =>
          orUndefined(registry.info(name, { version, signal }).then(({ commit }) => commit)),
      });
      if (commit === null) return c.json({ deleted: false });
      return c.json(
        await deleteVersions(context, {
          name,
          version,
          ...asked,
          ifCommit: ifCommit ?? commit,
          signal,
        }),
      );
    },
  });

  route(routes, "DELETE /artifacts/:name", {
    id: "deleteName",
    tag: "artifacts",
    summary: "Deletes all versions of a name, where `allVersions=true` says so",
    scope: "write",
    answers: { 200: { description: "Whether there was one", schema: schemas.DeletedSchema } },
    query: schemas.DeleteAllQuery,
    answer: async ({ c, params: { name }, query, signal }) => {
      const { allVersions = false, ...asked } = query;
      if (!allVersions) throw notSaid(name);
      return c.json(await deleteVersions(context, { name, allVersions, ...asked, signal }));
    },
  });

  route(routes, "PUT /artifacts/:name/aliases/:alias", {
    id: "setAlias",
    tag: "aliases",
    summary: "Lets an alias name a version",
    description:
      "`expected` is the version that it must name now, or null where there must be no such alias.",
    scope: "write",
    requestHeaders: WRITE_CONDITIONS,
    answers: { 200: { description: "It does", schema: AliasSchema, headers: ALIAS_HEADERS } },
    json: schemas.AliasRequestSchema,
    answer: async ({ c, params: { name, alias }, json, signal }) => {
      const named = await aliasCondition(registry, { name, alias }, c.req.raw);
      const { expected = named, ...asked } = json;
      const change = () => setAlias(context, { name, alias, ...asked, expected, signal });
      const set = await ofCondition(named, change);
      return c.json(set, 200, { etag: `"${set.version}"` });
    },
  });

  route(routes, "DELETE /artifacts/:name/aliases/:alias", {
    id: "deleteAlias",
    tag: "aliases",
    summary: "Removes an alias",
    scope: "write",
    requestHeaders: WRITE_CONDITIONS,
    answers: { 200: { description: "Whether there was one", schema: schemas.DeletedSchema } },
    query: schemas.DeleteAliasQuery,
    answer: async ({ c, params: { name, alias }, query, signal }) => {
      const named = await aliasCondition(registry, { name, alias }, c.req.raw);
      const { expected = named } = query;
      const change = () => registry.deleteAlias(name, alias, { expected, signal });
      return c.json({ deleted: await ofCondition(named, change) });
    },
  });
}

/** The header of an answer with an earlier version: nothing was saved, whatever was sent. */
export const SKIPPED = { "holdfast-skipped": "true" };

export function savedAnswer(c: RouteContext, saved: SavedArtifact): Response {
  const { name, version, skipped } = saved;
  const location = `/artifacts/${encodeURIComponent(name)}/versions/${encodeURIComponent(version)}`;
  return c.json(saved, skipped ? 200 : 201, skipped ? SKIPPED : { location });
}

async function aliasCondition(
  registry: Registry,
  { name, alias }: { name: string; alias: string },
  request: Request,
): Promise<string | null | undefined> {
  const subject = JSON.stringify(`${name}@${alias}`);
  const { signal } = request;
  return await readCondition(request, {
    subject,
    current: async () =>
      new Map(Object.entries(await registry.aliases(name, { signal }))).get(alias),
  });
}

async function orUndefined<T>(found: Promise<T>): Promise<T | undefined> {
  try {
    return await found;
  } catch (error) {
    if (isRegistryError(error, "NotFound")) return undefined;
    throw error;
  }
}

function notSaid(name: string): RegistryError {
  return fault({
    code: "Invalid",
    action: "delete",
    subject: JSON.stringify(name),
    state: "no version is named",
    hint: "DELETE one version, or say ?allVersions=true.",
  });
}
