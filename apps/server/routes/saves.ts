// Saves, copies and deletes, and batches of operations.
import type { RegistryError, SavedArtifact } from "../../../mod.ts";
import { fault, orMissing } from "../../../core/errors.ts";
import type { RouteContext, Routes, ServerContext } from "../routing.ts";
import { route } from "../describe.ts";
import {
  copyVersion,
  deleteVersions,
  readCondition,
  saveSent,
  setAlias,
  WRITE_CONDITIONS,
} from "../saving/save_sent.ts";
import * as schemas from "../schemas/saving.ts";
import {
  BatchResultSchema,
  BatchSchema,
  MOST_OPERATIONS,
  type Operation,
} from "../schemas/saving.ts";
import type { Access } from "../access/access.ts";
import { problemOf } from "../problem.ts";

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
  const { registry } = context;

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
    answer: async ({ c, params: { name, version }, query: { ifCommit, ...asked }, signal }) => {
      const commit = await readCondition(c.req.raw, {
        subject: JSON.stringify(`${name}@${version}`),
        current: () =>
          orMissing(registry.info(name, { version, signal }).then(({ commit }) => commit)),
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
    answer: async ({ c, params: { name }, query: { allVersions = false, ...asked }, signal }) => {
      if (!allVersions) throw notSaid(name);
      return c.json(await deleteVersions(context, { name, allVersions, ...asked, signal }));
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

function notSaid(name: string): RegistryError {
  return fault({
    code: "Invalid",
    action: "delete",
    subject: JSON.stringify(name),
    state: "no version is named",
    hint: "DELETE one version, or say ?allVersions=true.",
  });
}

/** So many names are worked on at once. */
const AT_ONCE = 16;

type Result = { ok: true; value: unknown } | { ok: false; problem: unknown };

export function batchRoutes(routes: Routes, context: ServerContext): void {
  route(routes, "POST /batch", {
    id: "batch",
    tag: "artifacts",
    summary: `Does up to ${MOST_OPERATIONS} operations, and says of each what became of it`,
    description:
      "Those of one name one after the other, others at the same time. What fails stops none of the others.",
    scope: "write",
    answers: {
      200: { description: "Of each what became of it, in their order", schema: BatchResultSchema },
    },
    json: BatchSchema,
    answer: async ({ c, json: { operations }, access, signal }) =>
      c.json({ results: await doAll(context, operations, { access, signal }) }),
  });
}

interface DoOptions {
  access: Access;
  signal: AbortSignal;
}

async function doAll(
  context: ServerContext,
  operations: readonly Operation[],
  options: DoOptions,
): Promise<Result[]> {
  const results: Result[] = [];
  const ofNames = new Map<string, number[]>();
  for (const [n, { name }] of operations.entries()) {
    ofNames.set(name, [...ofNames.get(name) ?? [], n]);
  }
  const names = ofNames.values();
  const work = async () => {
    for (const numbers of names) {
      for (const n of numbers) results[n] = await tryOne(context, operations[n], options);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return results;
}

async function tryOne(
  context: ServerContext,
  operation: Operation,
  options: DoOptions,
): Promise<Result> {
  try {
    options.signal.throwIfAborted();
    return { ok: true, value: await doOne(context, operation, options) };
  } catch (error) {
    return { ok: false, problem: await problemOf(error, options.access).json() };
  }
}

async function doOne(
  context: ServerContext,
  operation: Operation,
  { access, signal }: DoOptions,
): Promise<unknown> {
  const { registry } = context;
  const { name } = operation;
  const reads = operation.op === "info" || operation.op === "copy";
  access.check(reads ? "read" : "write", name);
  switch (operation.op) {
    case "save": {
      const { op: _, name: __, ...request } = operation;
      return await saveSent(context, request, { name, access, signal });
    }
    case "copy": {
      const { op: _, ...copied } = operation;
      return await copyVersion(context, { ...copied, access, signal });
    }
    case "delete": {
      const { op: _, ...asked } = operation;
      return await deleteVersions(context, { ...asked, signal });
    }
    case "setAlias": {
      const { op: _, ...asked } = operation;
      return await setAlias(context, { ...asked, signal });
    }
    case "deleteAlias":
      return {
        deleted: await registry.deleteAlias(name, operation.alias, {
          expected: operation.expected,
          signal,
        }),
      };
    case "info":
      return await registry.info(name, { version: operation.version, signal });
  }
}
