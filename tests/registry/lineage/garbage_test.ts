import { assertEquals } from "@std/assert";
import { collectGarbage } from "../../../extensions/maintenance/mod.ts";
import { verifyRegistry } from "../../../apps/maintenance.ts";
import { readLineage } from "../../../mod.ts";
import { GRACE_MS, HOUR, type ProtocolWorld, testProtocol } from "../protocol_world.ts";
import { denied } from "../scripted_backend.ts";

const MONTH_MS = 30 * 24 * HOUR;
const UUID = "01951e2f-6c00-7abc-8def-0123456789ab";

/** Lists the notes: input and output, with its order. */
async function notes({ keys }: Pick<ProtocolWorld, "keys">): Promise<string[]> {
  return (await keys("lineage/")).map((key) =>
    key.replace(/^lineage\/([^/]+)\/[^/]+\/([^/]+)\/([^.]+)\..*/, "$1 > $2 $3")
  );
}

async function removed({ registry }: ProtocolWorld, options = {}): Promise<string[]> {
  const keys: string[] = [];
  const onItem = ({ what, key }: { what: string; key: string }) =>
    void (what === "note" && keys.push(key));
  const report = await collectGarbage(registry, { ...options, onItem });
  assertEquals([report.failures, report.removed.note.count], [[], keys.length]);
  return keys;
}

testProtocol("a stale entry is collected after a month", async (world) => {
  const { registry, store, advance } = world;
  await registry.save("data", 1);
  await registry.save("model", 1, { inputs: ["data@1"] });
  const lost = `lineage/data/p8p9p9/model/p7p9p9.${UUID}`;
  await store.put(lost, new Uint8Array());
  const theirs = [
    "lineage/readme",
    `lineage/data/p8p9p9/model/_.${UUID}`,
    `lineage/data/p8p9p9/model/x.${UUID}`,
  ];
  for (const key of theirs) await store.put(key, new Uint8Array());
  advance(MONTH_MS - 2 * HOUR);
  assertEquals(await removed(world), []);
  advance(3 * HOUR);
  assertEquals(await removed(world, { dryRun: true }), [lost]);
  assertEquals(await removed(world), [lost]);
  assertEquals(
    (await world.keys("lineage/")).filter((key) => theirs.includes(key)),
    [...theirs].sort(),
  );
  const { edges } = await readLineage(registry, "data", { direction: "down" });
  assertEquals(edges, [{ from: "data@1.0.0", to: "model@1.0.0" }]);
});

testProtocol("an entry stays while its record is unreadable", async (world) => {
  const { registry, store, advance } = world;
  await registry.save("model", 1, { inputs: [{ ref: "data@1", digest: null }] });
  const [key] = await world.keys("names/model/");
  const bytes = await (await store.get(key))!.bytes();
  await store.put(key, new TextEncoder().encode("no record"));
  advance(MONTH_MS + HOUR);
  await collectGarbage(registry);
  assertEquals((await notes(world)).length, 1);
  await store.put(key, bytes);
  const { backend, registry: collector } = await world.open();
  backend.answerAll({ verb: "put", key: /^lineage\// }, denied);
  const { failures } = await collectGarbage(collector);
  assertEquals(failures.map(({ key }) => key), await world.keys("lineage/data"));
  assertEquals((await notes(world)).length, 1);
});

testProtocol("entries of a forgotten name are collected", async (world) => {
  const { registry, advance } = world;
  await registry.save("model", 1, { inputs: [{ ref: "data@1", digest: null }] });
  await registry.delete("model@1");
  for (let turn = 0; turn < 2; turn++) {
    advance(GRACE_MS + HOUR);
    await collectGarbage(registry);
  }
  advance(MONTH_MS + HOUR);
  await collectGarbage(registry, { forget: true });
  assertEquals(await world.keys("names/"), []);
  assertEquals(await notes(world), []);
});

testProtocol("verifyRegistry() counts entries and reports missing ones", async (world) => {
  const { registry, store } = world;
  await registry.save("data", 1);
  await registry.save("model", 1, { inputs: ["data@1", { ref: "never@1", digest: null }] });
  await store.put(`lineage/data/p8p9p9/model/p7p9p9.${UUID}`, new Uint8Array());
  assertEquals((await verifyRegistry(registry)).lineage, {
    notes: 3,
    stale: 1,
    dangling: 1,
  });
  const [note] = await world.keys("lineage/never/");
  await store.delete(note);
  const { problems, ok } = await verifyRegistry(registry);
  assertEquals([ok, problems.map(({ ref, key, code }) => [ref, key, code])], [false, [[
    "model@1.0.0",
    note,
    "NotFound",
  ]]]);
  assertEquals((await verifyRegistry(registry, { names: ["model"] })).lineage, undefined);
});
