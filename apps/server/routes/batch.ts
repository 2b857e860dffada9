// `POST /batch`: many operations in one request.
import type { Access } from "../access/access.ts";
import type { ServerContext } from "../context.ts";
import { route } from "../describe.ts";
import { problemOf } from "../problem.ts";
import type { Routes } from "../routing.ts";
import { copyVersion, deleteVersions, setAlias } from "../saving/changes.ts";
import { saveSent } from "../saving/save_sent.ts";
import { BatchResultSchema, BatchSchema, MOST_OPERATIONS } from "../schemas/batch.ts";
import type { Operation } from "../schemas/batch.ts";

/** So many names are worked on at once. */
const AT_ONCE = 16;

type Result = { ok: true; value: unknown } | { ok: false; problem: unknown };

export function batchRoutes(routes: Routes, context: ServerContext): void {
  context.features.add("batch");
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
