import { assert, assertEquals } from "@std/assert";
import { createMemoryBackend } from "../../../backends/memory.ts";
import { averageFor, equalRuns, ListMaker } from "../../../core/bytes/content_chunks.ts";
import { sha256 } from "../../../core/bytes/digest.ts";
import { openRegistry } from "../../../mod.ts";
import { partOfRun } from "../../support/seeds.ts";
import { makePairs } from "./pairs.ts";

const BYTES = 8 * 1024 * 1024;

function listOf(bytes: Uint8Array) {
  const maker = new ListMaker(averageFor(bytes.byteLength));
  maker.update(bytes);
  return maker.end();
}

for (const [kind, make] of partOfRun(Object.entries(makePairs(BYTES)), 3)) {
  Deno.test(`a second version adds little more than its new chunks: ${kind}`, async () => {
    const pair = make();
    const fresh = equalRuns(listOf(pair.new), listOf(pair.old)).reduce(
      (sum, { at, size }) => at === undefined ? sum + size : sum,
      0,
    );
    for (const store of ["memory", "far"]) {
      const registry = await openRegistry({ ...createMemoryBackend(), kind: store });
      await registry.save("a", pair.old);
      const { addedBytes = 0, size } = await registry.save("a", pair.new);
      const share = addedBytes / size;
      const said = `${kind}, ${store}: ${(100 * share).toFixed(2)} %`;
      assert(addedBytes <= 1.15 * fresh + 0.005 * size, said);
      assert(share <= pair.most, said);
      assertEquals(sha256(await registry.load("a") as Uint8Array), sha256(pair.new));
      await registry.close();
    }
  });
}
