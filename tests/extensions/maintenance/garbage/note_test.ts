import { assertEquals } from "@std/assert";
import { sha256 } from "../../../../core/bytes/digest.ts";
import { collectGarbage } from "../../../../extensions/maintenance/mod.ts";
import {
  fileSet,
  GRACE_MS,
  HOUR,
  type ProtocolWorld,
  testProtocol,
} from "../../../registry/protocol_world.ts";
import { noise } from "../../../registry/registries.ts";

const VERSIONS = 40;
const NOTE = "gc/a";

/** A name with keyed versions, an alias, a deleted version and shared files, an hour old. */
async function fill({ registry, advance, backend }: ProtocolWorld): Promise<void> {
  for (let n = 1; n <= VERSIONS; n++) await registry.save("a", n, { idempotencyKey: `k${n}` });
  for (let n = 1; n <= 2; n++) {
    await registry.save("a", { common: noise(70_000), own: noise(70_000, n) }, {
      as: fileSet,
    });
  }
  await registry.setAlias("a", "live", "1");
  await registry.delete("a@2");
  advance(GRACE_MS / 24);
  backend.forget();
}

const readings = ({ backend }: ProtocolWorld) =>
  backend.asked({ verb: "get", key: /^(?!settings|gc\/\.names)/ }).map((call) => call.slice(4));

async function run(world: ProtocolWorld, dryRun = false): Promise<string[]> {
  world.backend.forget();
  const { failures } = await collectGarbage(world.registry, { dryRun, all: true });
  assertEquals(failures, []);
  return readings(world).filter((key) => key.endsWith(".rec"));
}

testProtocol("gc reads records once and keeps one note for each name", {}, async (world) => {
  await fill(world);
  const all = await world.keys("names/");
  assertEquals((await run(world)).sort(), all);
  for (let turn = 0; turn < 3; turn++) {
    assertEquals(await run(world), []);
    assertEquals(readings(world), [NOTE]);
    assertEquals(world.backend.asked({ verb: "put", key: /^gc\/a/ }), []);
    world.advance(GRACE_MS / 24);
  }
  const saved = await world.registry.save("a", "new");
  world.advance(GRACE_MS / 24);
  assertEquals((await run(world)).length, 1);
  assertEquals(await world.registry.load(`a@${saved.version}`), "new");
});

testProtocol("payload of a noted record stays until its deletion", {}, async (world) => {
  const { registry, advance, keys } = world;
  await fill(world);
  await run(world);
  advance(3 * GRACE_MS);
  await run(world);
  assertEquals((await keys("objects/")).length, 2);
  await registry.delete(`a@${VERSIONS + 1}`);
  advance(3 * GRACE_MS);
  await run(world);
  assertEquals(
    (await registry.load(`a@${VERSIONS + 2}`, { as: fileSet }) as Record<string, unknown>).common,
    noise(70_000),
  );
  await registry.delete(`a@${VERSIONS + 2}`);
  advance(3 * GRACE_MS);
  await run(world);
  assertEquals(await keys("objects/"), []);
});

testProtocol(
  "a record with a changed listing is read again, even at the same size",
  {},
  async (world) => {
    const { store, keys, registry, advance } = world;
    await fill(world);
    await run(world);
    const victim = (await keys("names/a/versions/"))[5];
    const bytes = await (await store.get(victim))!.bytes();
    await store.put(victim, bytes.toReversed());
    const report = await collectGarbage(registry, { all: true });
    assertEquals(report.failures.map(({ key }) => key), [victim]);
    await store.put(victim, bytes); // from a copy
    advance(GRACE_MS / 24);
    assertEquals(await run(world), [victim]);
    assertEquals(await run(world), []);
  },
);

testProtocol("records written shortly before the mark are read again", {}, async (world) => {
  const { registry, advance } = world;
  await fill(world);
  await run(world);
  await registry.save("a", "young");
  advance(9_000);
  assertEquals((await run(world)).length, 1);
  advance(1_001);
  assertEquals((await run(world)).length, 1, "it was too young to be noted");
  assertEquals(await run(world), []);
});

testProtocol("a missing, damaged or foreign note only costs reads", {}, async (world) => {
  const { store } = world;
  await fill(world);
  const all = await run(world);
  const note = new TextDecoder().decode(await (await store.get(NOTE))!.bytes());
  const summed = (text: string) => `${sha256(text)}\n${text}`;
  const [, json] = note.split("\n");
  const { registry, name, records } = JSON.parse(json);
  const strange = Object.fromEntries(
    Object.keys(records).map((path, n) => [path, [7, null, {}, [n], "x"][n % 5]]),
  );
  const notes = [
    undefined,
    "",
    "\n",
    note.slice(0, -1),
    note.replace("version", "deleted"),
    summed("no JSON"),
    summed("null"),
    summed("[]"),
    summed(JSON.stringify({ registry, name, records: 7 })),
    summed(JSON.stringify({ registry, name, records: strange })),
    summed(JSON.stringify({ registry: "another", name, records })),
    // versions of two names may be listed alike
    summed(JSON.stringify({ registry, name: "b", records })),
  ];
  for (const text of notes) {
    if (text === undefined) await store.delete(NOTE);
    else await store.put(NOTE, new TextEncoder().encode(text));
    assertEquals((await run(world)).sort(), all.sort(), text);
    assertEquals(await run(world), []);
  }
});

testProtocol("a late record that may expire is read each time", {}, async (world) => {
  const { registry, store, keys, records, advance } = world;
  await fill(world);
  const [first] = await keys("names/a/versions/");
  const [record] = await records("names/a/versions/");
  const bytes = await (await store.get(first))!.bytes();
  advance(GRACE_MS);
  await store.put(first, bytes); // as if it had been on its way for so long
  for (let turn = 0; turn < 2; turn++) {
    advance(HOUR);
    await run(world);
  }
  assertEquals(await run(world), [first]);
  for (const key of await keys("objects/")) {
    if (key.includes(record.commit)) await store.delete(key);
  }
  for (let turn = 0; turn < 2; turn++) {
    assertEquals((await collectGarbage(registry)).voids, [first]);
  }
});
