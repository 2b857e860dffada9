// Saves so many tiny entries, through a stream of outcomes, to a store that keeps nothing, and
// prints how much memory that took after a quarter of them, and at most, MiB.
import process from "node:process";
import { type Backend, createMemoryBackend, openRegistry } from "../../mod.ts";
import { createBatch } from "../../workers/mod.ts";

const count = Number(Deno.args[0]);

/** A store in memory that forgets what it is given once it was opened. */
function forgetful(): Backend {
  const inner = createMemoryBackend();
  let written = 0;
  return {
    ...inner,
    [Symbol.asyncDispose]: () => inner[Symbol.asyncDispose](),
    async put(key, body, options) {
      if (key.startsWith("settings/")) return await inner.put(key, body, options);
      return {
        written: true,
        info: { key, size: (body as Uint8Array).byteLength, modifiedAt: ++written },
      };
    },
  };
}

async function* entries() {
  for (let k = 0; k < count; k++) yield { name: `n${k}`, value: k, version: "1" };
}

await using registry = await openRegistry(forgetful());
await using batch = createBatch(registry);
let done = 0, before = 0, most = 0;
for await (const { ok } of batch.saveEach(entries())) {
  if (!ok) throw new Error("it failed");
  if (++done === count / 4) before = process.memoryUsage().rss;
  if (done % 1000 === 0) most = Math.max(most, process.memoryUsage().rss);
}
console.log(
  JSON.stringify({ done, before: Math.round(before / 2 ** 20), most: Math.round(most / 2 ** 20) }),
);
