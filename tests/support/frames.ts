// The calls between an operation and the request of the store that it causes, as the stack of that
// request shows them. A reader has to know each of these functions.
import { toFileUrl } from "@std/path";
import { createHandler } from "../../apps/server.ts";
import type { Backend } from "../../core/backend.ts";
import type { FileToSave } from "../../core/materializer.ts";
import { createMemoryBackend, defineMaterializer, openRegistry } from "../../mod.ts";
import { REPOSITORY } from "./run_deno.ts";

const SOURCE = toFileUrl(REPOSITORY).href; // ends in a slash

const given = defineMaterializer<FileToSave[]>({
  id: "test/given",
  accepts: Array.isArray,
  save: (files) => files,
  load: () => Promise.reject(new Error("not loaded")),
});

/** Returns the frames of the product in a stack, the innermost first. */
function framesIn(stack: string): string[] {
  return stack.split("\n").filter((line) => line.includes(SOURCE))
    .map((line) => line.trim().replace(SOURCE, ""))
    .filter((line) => !line.includes("tests/"));
}

/** Calls `work` while stacks are recorded whole. */
async function withWholeStacks<T>(work: () => Promise<T>): Promise<T> {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 100;
  try {
    return await work();
  } finally {
    Error.stackTraceLimit = limit;
  }
}

/** Returns the frames between `save` and the `put` of its first object. */
export async function framesOfSave(content: () => FileToSave["content"]): Promise<string[]> {
  const inner = createMemoryBackend();
  let stack: string | undefined;
  const put: Backend["put"] = (key, body, options) => {
    if (key.startsWith("objects/")) stack ??= new Error().stack;
    return inner.put(key, body, options);
  };
  const registry = await openRegistry({ ...inner, put });
  await withWholeStacks(() =>
    registry.save("a", [{ path: "a", content: content() }], { as: given })
  );
  await registry.close();
  return framesIn(stack ?? "");
}

/** Returns the frames between a handler and the `get` of the record, for a GET of a version. */
export async function framesOfGet(path: string): Promise<string[]> {
  const inner = createMemoryBackend();
  const stacks: string[] = [];
  const get: Backend["get"] = (key, options) => {
    stacks.push(new Error().stack ?? "");
    return inner.get(key, options);
  };
  const registry = await openRegistry({ ...inner, get });
  await registry.save("a", "text");
  const handler = createHandler(registry);
  try {
    stacks.length = 0;
    const response = await withWholeStacks(() => handler(new Request(`http://127.0.0.1${path}`)));
    if (!response.ok) throw new Error(`GET ${path}: ${await response.text()}`);
    await response.body?.cancel();
  } finally {
    await handler.close();
    await registry.close();
  }
  return framesIn(stacks[0] ?? "");
}

/** Contents that a save stores in different ways. */
export const CONTENTS: Readonly<Record<string, () => FileToSave["content"]>> = {
  "a small file, which is packed": () => new Uint8Array(100 * 1024),
  "a large file from a stream": () => new Blob([new Uint8Array(2 ** 20)]).stream(),
};

/** Paths at which a service answers with one version. */
export const PATHS = ["/artifacts/a/versions/1.0.0", "/artifacts/a/versions/latest"] as const;
