import { assert, assertEquals, assertMatch } from "@std/assert";
import { checkNight, sizeOf } from "../../../../apps/cli/doctor/check_night.ts";
import { maintainedBy } from "../../../../apps/cli/program/maintained.ts";
import { EXTENSIONS } from "../../../../apps/extensions.ts";
import { createMemoryBackend } from "../../../../mod.ts";
import { type CallCounts, withCounts } from "../../../bench/counted_backend.ts";

/** A store with keys like those of records. */
async function storeOf(
  names: number,
  records: number,
): Promise<ReturnType<typeof withCounts> & { calls: CallCounts }> {
  const memory = createMemoryBackend();
  for (let n = 0; n < names; n++) {
    for (let r = 0; r < records; r++) {
      await memory.put(`names/n${n}/versions/final/v${r}/1.rec`, new Uint8Array());
    }
  }
  await memory.put("objects/n0/v0/c/0", new Uint8Array());
  return withCounts(memory);
}

Deno.test("names and records of a small registry are counted", async () => {
  const { backend, calls } = await storeOf(300, 4);
  assertEquals(await sizeOf(backend), { names: 300, records: 1200, counted: "all" });
  assertEquals(calls.counts, { list: 2 });
});

Deno.test("records of more names are estimated, and names counted", async () => {
  const { backend, calls } = await storeOf(4_000, 3);
  const { names, records, counted } = await sizeOf(backend);
  assertEquals([names, counted], [4_000, "names"]);
  assert(Math.abs(records - 12_000) <= 10, `${records}`);
  assertEquals(calls.counts, { list: 15 }); // 10 of records, and 5 of names
});

Deno.test("a large registry takes 20 lists, and the estimate says that it is a lower bound", async () => {
  const { backend, calls } = await storeOf(11_000, 1);
  const { found, night } = await checkNight(backend, maintainedBy(EXTENSIONS));
  assertEquals(calls.counts, { list: 20 });
  assertMatch(found, /of at least 10,000 names .* send at least [\d,]+ lists .*: at least US\$ 0/);
  assertEquals((night as { counted: string }).counted, "neither");
});
