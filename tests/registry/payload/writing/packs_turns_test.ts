// Other work goes on while small files are packed.
import { assert, assertEquals } from "@std/assert";
import { setImmediate } from "node:timers";
import { createMemoryBackend } from "../../../../backends/memory.ts";
import { packFiles } from "../../../../registry/payload/writing/store_file.ts";

Deno.test("packing many files takes turns with other work", async () => {
  const backend = createMemoryBackend();
  const files = Array.from({ length: 5000 }, (_, i) => ({
    path: `${i}`,
    content: new TextEncoder().encode(`${i}`),
  }));
  let turns = 0, ended = false;
  const count = () => {
    turns++;
    if (!ended) setImmediate(count);
  };
  setImmediate(count);
  const packed = await packFiles({ backend }, { to: "a", files }, {});
  ended = true;
  assertEquals(packed.files.length, 5000);
  // Ten slices. Now and then a turn begins with a timer, before this count, but not twice in a row.
  assert(turns >= 4, `${turns} turns of the event loop`);
});
