import { assertEquals, assertRejects } from "@std/assert";
import { createMemoryBackend } from "../../../backends/memory.ts";
import { sha256 } from "../../../core/bytes/digest.ts";
import type { JobProgress } from "../../../core/executor.ts";
import { createPayloadExecutor } from "../../../registry/cache/payload_jobs.ts";
import { noise } from "../registries.ts";

const large = { path: "large", content: noise(300_000) };
const small = { path: "small", content: noise(100, 2) };

/** Stores these files as those of a value; the large one is known. */
function store(files: typeof small[], onProgress: (progress: JobProgress) => void | Promise<void>) {
  const job = {
    value: undefined,
    materializer: { module: "m", name: "n" },
    folder: "f/",
    first: 0,
    known: new Map([[large.content.byteLength, new Set([sha256(large.content)])]]),
    here: { save: () => files },
  };
  return createPayloadExecutor({ backend: createMemoryBackend() }).run("storeValue", job, {
    onProgress,
  });
}

Deno.test("an error of the progress listener ends a value's job, also late", async () => {
  for (const files of [[small], [large]]) {
    const late = () => Promise.resolve().then(() => Promise.reject(new Error("no more")));
    await assertRejects(() => store(files, late), Error, "no more");
  }
});

Deno.test("a value's job reports each file by its path, also known ones", async () => {
  const told: Record<string, number> = {};
  await store([large, small], ({ path, bytes }) => void (told[path] = (told[path] ?? 0) + bytes));
  assertEquals(told, { large: 300_000, small: 100 });
});
