/**
 * Saving, copying and deleting versions, and setting aliases.
 *
 * @module
 */
import { parseRef, RegistryError } from "../../../mod.ts";
import type { ServerContext } from "../context.ts";
import { describe, json, query } from "../describe.ts";
import { createRoutes } from "../routing.ts";
import type { RouteContext, Routes } from "../routing.ts";
import { ofCondition, saveSent } from "../saving/save_sent.ts";
import { AliasSchema } from "../schemas/aliases.ts";
import * as schemas from "../schemas/saving.ts";
import type { SavedArtifact } from "../../../mod.ts";

const NAME = { name: "The artifact, percent-encoded as one segment" };
const VERSION = { ...NAME, version: "A version, a range, an alias, or `latest`" };
const ALIAS = { ...NAME, alias: "The alias" };
const SAVED = {
  201: { description: "It was saved", schema: schemas.SavedArtifactSchema, example: schemas.SAVED_EXAMPLE },
  200: { description: "It was there: nothing was written", schema: schemas.SavedArtifactSchema },
};

/** Writes of versions and aliases. */
export function savesRoutes(context: ServerContext): Routes {
  const { registry, hot, features } = context;
  features.add("writes");
  const routes = createRoutes();

  routes.post(
    "/artifacts/:name/versions",
    describe({
      id: "saveVersion",
      tag: "artifacts",
      summary: "Saves files as a new version",
      description: "Small files are in the request, others in uploads, which are used up. Sizes and SHA-256 that are " +
        "given are checked. A repeat with the same idempotencyKey gives what the first one saved.",
      scope: "write",
      params: NAME,
      answers: SAVED,
      problems: [404, 409, 412, 413, 422],
    }),
    json(schemas.SaveRequestSchema),
    async (c) => {
      const { access } = c.env;
      const request = c.req.valid("json");
      return savedAnswer(
        c,
        await saveSent(context, request, { name: c.req.param("name"), access, signal: c.req.raw.signal }),
      );
    },
  );

  routes.post(
    "/artifacts/:name/versions/:version/copy",
    describe({
      id: "copyVersion",
      tag: "artifacts",
      summary: "Saves the files and metadata of a version under another ref",
      description: "Needs the right to read this name, and to write the other.",
      scope: "read",
      params: VERSION,
      answers: SAVED,
      problems: [404, 409, 422],
    }),
    json(schemas.CopyRequestSchema),
    async (c) => {
      const { to, onConflict } = c.req.valid("json");
      c.env.access.check("write", parseRef(to).name);
      const from = refOf(c.req.param("name"), c.req.param("version"));
      return savedAnswer(c, await registry.copy(from, to, { onConflict, signal: c.req.raw.signal }));
    },
  );

  routes.delete(
    "/artifacts/:name/versions/:version",
    describe({
      id: "deleteVersion",
      tag: "artifacts",
      summary: "Deletes a version; its bytes are freed later",
      scope: "write",
      params: VERSION,
      answers: { 200: { description: "Whether there was one", schema: schemas.DeletedSchema } },
      problems: [404, 409, 412],
    }),
    query(schemas.DeleteQuery),
    async (c) => {
      const { force, ifCommit } = c.req.valid("query");
      const version = c.req.param("version");
      const options = { version, force, ifCommit, signal: c.req.raw.signal };
      const name = c.req.param("name");
      const deleted = await ofCondition(ifCommit, () => registry.delete(name, options));
      hot.forget(name);
      return c.json({ deleted });
    },
  );

  routes.delete(
    "/artifacts/:name",
    describe({
      id: "deleteName",
      tag: "artifacts",
      summary: "Deletes all versions of a name, where `allVersions=true` says so",
      scope: "write",
      params: NAME,
      answers: { 200: { description: "Whether there was one", schema: schemas.DeletedSchema } },
      problems: [409],
    }),
    query(schemas.DeleteAllQuery),
    async (c) => {
      const { force, ifCommit, allVersions = false } = c.req.valid("query");
      if (!allVersions) throw notSaid(c.req.param("name"));
      const name = c.req.param("name");
      const deleted = await registry.delete(name, { force, ifCommit, signal: c.req.raw.signal });
      hot.forget(name);
      return c.json({ deleted });
    },
  );

  routes.put(
    "/artifacts/:name/aliases/:alias",
    describe({
      id: "setAlias",
      tag: "aliases",
      summary: "Lets an alias name a version",
      description: "`expected` is the version that it must name now, or null where there must be no such alias.",
      scope: "write",
      params: ALIAS,
      answers: { 200: { description: "It does", schema: AliasSchema } },
      problems: [404, 409],
    }),
    json(schemas.AliasRequestSchema),
    async (c) => {
      const { version, expected } = c.req.valid("json");
      const name = c.req.param("name"), alias = c.req.param("alias");
      await registry.setAlias(name, alias, version, { expected, signal: c.req.raw.signal });
      for await (const change of registry.history(name, alias, { limit: 1 })) {
        return c.json({ alias, version: change.version ?? version });
      }
      return c.json({ alias, version });
    },
  );

  routes.delete(
    "/artifacts/:name/aliases/:alias",
    describe({
      id: "deleteAlias",
      tag: "aliases",
      summary: "Removes an alias",
      scope: "write",
      params: ALIAS,
      answers: { 200: { description: "Whether there was one", schema: schemas.DeletedSchema } },
    }),
    async (c) => {
      const { signal } = c.req.raw;
      return c.json({ deleted: await registry.deleteAlias(c.req.param("name"), c.req.param("alias"), { signal }) });
    },
  );

  return routes as unknown as Routes;
}

/** What was saved, and where it is. */
export function savedAnswer(c: RouteContext, saved: SavedArtifact): Response {
  const { name, version, skipped } = saved;
  const location = `/artifacts/${encodeURIComponent(name)}/versions/${encodeURIComponent(version)}`;
  return c.json(saved, skipped ? 200 : 201, skipped ? {} : { location });
}

/** A ref of a name and a version. `latest` is what a bare name means. */
function refOf(name: string, version: string): string {
  return version === "latest" ? name : `${name}@${version}`;
}

function notSaid(name: string): RegistryError {
  return new RegistryError({
    code: "Invalid",
    message: `Cannot delete ${JSON.stringify(name)}: no version is named`,
    hint: "DELETE one version, or say ?allVersions=true.",
  });
}
