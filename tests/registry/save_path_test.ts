// The way of a saved file from `save` to the request that stores it, as the stack of that request
// shows it. A reader has to know each of these functions.
import { assert, assertLessOrEqual } from "@std/assert";
import { toFileUrl } from "@std/path";
import type { Backend } from "../../core/backend.ts";
import type { FileToSave } from "../../core/materializer.ts";
import { createMemoryBackend, defineMaterializer, openRegistry } from "../../mod.ts";
import { REPOSITORY } from "../support/run_deno.ts";

const MOST_FRAMES = 12, MOST_FILES = 8;
const SOURCE = toFileUrl(REPOSITORY).href; // ends in a slash

const given = defineMaterializer<FileToSave[]>({
  id: "test/given",
  accepts: Array.isArray,
  save: (files) => files,
  load: () => Promise.reject(new Error("not loaded")),
});

/** Returns the frames of this repository between `save` and `put` of the first object. */
async function framesOfSave(content: () => FileToSave["content"]): Promise<string[]> {
  const inner = createMemoryBackend();
  let stack: string | undefined;
  const put: Backend["put"] = (key, body, options) => {
    if (key.startsWith("objects/")) stack ??= new Error().stack;
    return inner.put(key, body, options);
  };
  const registry = await openRegistry({ ...inner, put });
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 100;
  try {
    await registry.save("a", [{ path: "a", content: content() }], { as: given });
  } finally {
    Error.stackTraceLimit = limit;
  }
  return (stack ?? "").split("\n").filter((line) => line.includes(SOURCE))
    .map((line) => line.trim().replace(SOURCE, ""))
    .filter((line) => !line.includes("tests/"));
}

for (
  const [kind, content] of [
    ["a small file, which is packed", () => new Uint8Array(100 * 1024)],
    ["a large file from a stream", () => new Blob([new Uint8Array(2 ** 20)]).stream()],
  ] as const
) {
  Deno.test(`few calls lie between save and the store: ${kind}`, async () => {
    const frames = await framesOfSave(content);
    const files = new Set(frames.map((line) => /[\w/]+\.ts(?=:)/.exec(line)?.[0]));
    const trace = `${frames.length} frames in ${files.size} files:\n${frames.join("\n")}`;
    assert(/(\.|as )save\b/.test(frames.at(-1) ?? ""), `no frame of save: ${trace}`);
    assertLessOrEqual(frames.length, MOST_FRAMES, trace);
    assertLessOrEqual(files.size, MOST_FILES, trace);
  });
}
