// Saves many small entries to a store that keeps nothing, and prints the memory use as JSON: the
// heap after a quarter of the entries and at the end, and the highest RSS, MiB.
import process from "node:process";
import { type Backend, createMemoryBackend, openRegistry } from "../../mod.ts";
import { createBatch } from "../../workers/mod.ts";

const count = Number(Deno.args[0]);

/** Creates a store in memory that keeps only the settings. */
function forgetful(): Backend {
  const inner = createMemoryBackend();
  let written = 0;
  return {
    ...inner,
    [Symbol.asyncDispose]: () => inner[Symbol.asyncDispose](),
    async put(key, body, options) {
      if (key.startsWith("settings/")) return await inner.put(key, body, options);
      const size = (body as Uint8Array).byteLength;
      return { written: true, info: { key, size, modifiedAt: ++written } };
    },
  };
}

async function* entries() {
  for (let k = 0; k < count; k++) yield { name: `n${k}`, value: k, version: "1" };
}

/** Returns the size of the heap without garbage. */
function heap(): number {
  (globalThis as unknown as { gc(): void }).gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

await using registry = await openRegistry(forgetful());
await using batch = createBatch(registry);
let done = 0, quarter = 0, rss = 0;
for await (const { ok } of batch.saveEach(entries())) {
  if (!ok) throw new Error("a save failed");
  if (++done === count / 4) quarter = heap();
  if (done % 1000 === 0) rss = Math.max(rss, process.memoryUsage().rss);
}
const mib = (bytes: number) => bytes / 2 ** 20;
console.log(JSON.stringify({ done, grown: mib(heap() - quarter), rss: mib(rss) }));
