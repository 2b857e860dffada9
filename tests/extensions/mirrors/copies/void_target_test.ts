import { assertEquals, assertMatch } from "@std/assert";
import { createMemoryBackend } from "../../../../backends/memory.ts";
import type { AnyRecord } from "../../../../core/record.ts";
import { decodeRecord, encodeRecord } from "../../../../registry/format/record_codec.ts";
import type { Registry } from "../../../../core/registry.ts";
import { mirrorRegistry, type MirrorReport } from "../../../../extensions/mirrors/mod.ts";
import { openRegistry } from "../../../../mod.ts";
import {
  filler,
  GRACE_MS,
  type ProtocolWorld,
  testProtocol,
} from "../../../registry/protocol_world.ts";

const CELL = "names/a/versions/final/p8p9p9/";

async function source({ system }: ProtocolWorld): Promise<Registry> {
  const registry = await openRegistry(createMemoryBackend({ system }), { system });
  await registry.save("a", filler("one"));
  return registry;
}

/** Makes the newest record of a@1 expire: late, and without its payload. */
async function turnVoid(world: ProtocolWorld, change: Partial<AnyRecord> = {}): Promise<void> {
  const [key] = await world.keys(CELL);
  const { record, inline } = decodeRecord(await (await world.store.get(key))!.bytes(), key);
  const startedAt = new Date(world.clocks.store - GRACE_MS).toISOString();
  await world.store.put(
    key,
    encodeRecord({ ...record, startedAt, ...change } as AnyRecord, [inline]),
  );
  for (const top of ["objects/a/", "mirrors/"]) {
    for (const gone of await world.keys(top)) await world.store.delete(gone);
  }
}

/** A target, days after its creation, with the expired record of a mirror. */
async function voidMirror(world: ProtocolWorld, from: Registry): Promise<void> {
  world.advance(2 * GRACE_MS);
  await mirrorRegistry(from, world.registry);
  await turnVoid(world);
}

const outcome = (
  { copied, skipped, failures }: MirrorReport,
) => [copied, skipped, failures.map(({ error }) => error.code)];

testProtocol("a version is mirrored above an expired mirror of it", {}, async (world) => {
  const from = await source(world);
  await voidMirror(world, from);
  const { registry: before } = await world.open();
  assertEquals(await before.has("a@1"), false);
  const byHand = before.save("a", filler("one"), { version: "1" });
  assertEquals(await byHand.catch(({ code }) => code), "AlreadyExists");
  const { registry } = await world.open();
  assertEquals(outcome(await mirrorRegistry(from, registry)), [1, 0, []]);
  assertEquals(await (await world.open()).registry.load("a@1"), filler("one"));
  assertEquals((await world.keys(CELL)).length, 2);
  assertEquals((await world.records(CELL)).map(({ generation }) => generation), [2, 1]);
  assertEquals(outcome(await mirrorRegistry(from, (await world.open()).registry)), [0, 1, []]);
});

testProtocol(
  "an expired record of another origin blocks an immutable registry",
  {},
  async (world) => {
    const from = await source(world);
    await voidMirror(world, from);
    for (const origin of [undefined, { registry: world.system.id(), commit: world.system.id() }]) {
      const [key] = await world.keys(CELL);
      const { record, inline } = decodeRecord(await (await world.store.get(key))!.bytes(), key);
      await world.store.put(key, encodeRecord({ ...record, origin } as AnyRecord, [inline]));
      const report = await mirrorRegistry(from, (await world.open()).registry);
      assertEquals(outcome(report), [0, 0, ["Conflict"]]);
      assertMatch(report.failures[0].error.message, /expired record/);
      assertEquals((await world.keys(CELL)).length, 1);
    }
  },
);

testProtocol("below an expired record, a tombstone stays valid", {}, async (world) => {
  const from = await source(world);
  world.advance(2 * GRACE_MS);
  await mirrorRegistry(from, world.registry);
  const [first] = await world.keys(CELL);
  const { record, inline } = decodeRecord(await (await world.store.get(first))!.bytes(), first);
  await world.registry.delete("a@1");
  const third = first.replace(/\d+\.rec$/, `${Number.MAX_SAFE_INTEGER - 3}.rec`);
  await world.store.put(third, encodeRecord({ ...record, generation: 3 }, [inline]));
  await turnVoid(world);
  assertEquals(outcome(await mirrorRegistry(from, (await world.open()).registry)), [0, 0, [
    "Conflict",
  ]]);
  assertEquals((await world.keys(CELL)).length, 3);
});

testProtocol("a valid version of an immutable registry is never replaced", {}, async (world) => {
  const from = await source(world);
  world.advance(2 * GRACE_MS);
  await mirrorRegistry(from, world.registry);
  const [key] = await world.keys(CELL);
  const { record, inline } = decodeRecord(await (await world.store.get(key))!.bytes(), key);
  await world.store.put(
    key,
    encodeRecord({ ...record, metadata: { other: true } } as AnyRecord, [inline]),
  );
  for (const notes of await world.keys("mirrors/")) await world.store.delete(notes);
  assertEquals(outcome(await mirrorRegistry(from, (await world.open()).registry)), [0, 0, [
    "Conflict",
  ]]);
});
