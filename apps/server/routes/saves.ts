/**
 * Saving, copying and deleting versions, and setting aliases.
 *
 * @module
 */
import { RegistryError } from "../../../mod.ts";
import type { ServerContext } from "../context.ts";
import { describe, json, query } from "../describe.ts";
import { createRoutes } from "../routing.ts";
import type { RouteContext, Routes } from "../routing.ts";
import { copyVersion, deleteVersions, setAlias } from "../saving/changes.ts";
import { saveSent } from "../saving/save_sent.ts";
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
  const { registry, features } = context;
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
      const { name, version } = c.req.param();
      const { access } = c.env;
      const copied = { name, version, ...c.req.valid("json"), access, signal: c.req.raw.signal };
      return savedAnswer(c, await copyVersion(context, copied));
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
      const { name, version } = c.req.param();
      const asked = { name, version, ...c.req.valid("query"), signal: c.req.raw.signal };
      return c.json(await deleteVersions(context, asked));
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
      problems: [409, 412],
    }),
    query(schemas.DeleteAllQuery),
    async (c) => {
      const { allVersions = false, ...asked } = c.req.valid("query");
      const name = c.req.param("name");
      if (!allVersions) throw notSaid(name);
      return c.json(await deleteVersions(context, { name, allVersions, ...asked, signal: c.req.raw.signal }));
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
      const { name, alias } = c.req.param();
      return c.json(await setAlias(context, { name, alias, ...c.req.valid("json"), signal: c.req.raw.signal }));
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

function notSaid(name: string): RegistryError {
  return new RegistryError({
    code: "Invalid",
    message: `Cannot delete ${JSON.stringify(name)}: no version is named`,
    hint: "DELETE one version, or say ?allVersions=true.",
  });
}
