import { assertEquals } from "@std/assert";
import type { SettingsRecord } from "../../../core/record.ts";
import { decodeRecord, encodeRecord } from "../../../registry/format/record_codec.ts";
import type { FileToSave } from "../../../core/materializer.ts";
import { changeSettings, readSettings } from "../../../registry/tools/settings.ts";
import { collectGarbage, measureSpace } from "../../../extensions/maintenance/mod.ts";
import { verifyRegistry } from "../../../apps/maintenance.ts";
import { createMemoryBackend, openRegistry } from "../../../mod.ts";
import { recordKey, SETTINGS } from "../../../registry/format/layout.ts";
import { GRACE_MS, HOUR, type ProtocolWorld, testProtocol } from "../protocol_world.ts";
import { keysOf, noise, testInMemory, testOnEach } from "../registries.ts";
import { rejected } from "../rejected.ts";
import { doing, followedBy } from "../scripted_backend.ts";

const DAY = 24 * HOUR;

/** Returns the bytes that a garbage collection frees. */
async function freed({ registry }: Pick<ProtocolWorld, "registry">): Promise<number> {
  return (await collectGarbage(registry)).removed.payload.count;
}

async function saveAndDelete({ registry }: ProtocolWorld, name: string): Promise<void> {
  await registry.save(name, noise(70_000));
  await registry.delete(`${name}@1`);
}

testProtocol("a longer grace applies at once", async (world) => {
  await saveAndDelete(world, "a");
  world.advance(23 * HOUR);
  const other = await world.open();
  const changed = await changeSettings(other.registry, { graceMs: 3 * DAY });
  assertEquals([
    changed.graceMs,
    changed.leastGraceMs,
    changed.bindingGraceMs,
    changed.countsFrom,
  ], [3 * DAY, GRACE_MS, 3 * DAY, undefined]);
  world.advance(2 * HOUR);
  assertEquals([await freed(world), await freed(other)], [0, 0]);
  assertEquals((await measureSpace(world.registry)).garbage.freeableBytes, 0);
  world.advance(2 * DAY);
  const { graceMs, removed } = await collectGarbage(world.registry);
  assertEquals([graceMs, removed.payload.count], [3 * DAY, 1]);
});

testProtocol("a shorter grace applies after the longer one", async (world) => {
  const { registry } = world;
  await changeSettings(registry, { graceMs: 4 * DAY });
  await saveAndDelete(world, "a");
  const begun = world.clocks.store;
  const changed = await changeSettings(registry, { graceMs: 2 * DAY });
  assertEquals([changed.graceMs, changed.bindingGraceMs, changed.countsFrom!.getTime()], [
    2 * DAY,
    4 * DAY,
    begun + 4 * DAY,
  ]);
  world.advance(2 * DAY + HOUR);
  assertEquals(await freed(world), 0);
  await saveAndDelete(world, "b");
  world.advance(2 * DAY);
  assertEquals(await freed(world), 1);
  assertEquals((await readSettings(registry)).countsFrom, undefined);
  world.advance(HOUR);
  assertEquals(await freed(world), 1);
});

testProtocol("a grace set during a collection applies", async (world) => {
  await saveAndDelete(world, "a");
  world.advance(DAY + HOUR);
  const { registry } = await world.open();
  const raise = () => changeSettings(registry, { graceMs: 3 * DAY });
  world.backend.answer({ verb: "put", key: /^scratch/ }, followedBy(raise));
  assertEquals(await freed(world), 0);
});

testProtocol("graces below the least or over a year are refused", async ({ registry, keys }) => {
  await changeSettings(registry, { graceMs: 3 * DAY });
  const before = await keys("settings/");
  for (const graceMs of [GRACE_MS - 1, 0, -1, NaN, 1.5 * DAY + 0.5, 366 * DAY]) {
    await rejected("Invalid", changeSettings(registry, { graceMs }));
  }
  await rejected(
    "Invalid",
    changeSettings(registry, { graceMs: 2 * HOUR }),
    /the shortest grace period of this registry is 86400000/,
  );
  await rejected("Invalid", changeSettings(registry, {}));
  await rejected("Invalid", changeSettings(registry, { share: "none" as "files" }));
  assertEquals(await keys("settings/"), before);
});

const LOWERED = { leastGraceMs: HOUR };

testProtocol("a lowered grace applies after the original one", LOWERED, async (world) => {
  await saveAndDelete(world, "a");
  const changed = await changeSettings(world.registry, { graceMs: HOUR });
  assertEquals([changed.graceMs, changed.leastGraceMs, changed.bindingGraceMs], [
    HOUR,
    HOUR,
    GRACE_MS,
  ]);
  world.advance(2 * HOUR);
  assertEquals(await freed(world), 0, "it was readable for a day when it was deleted");
  world.advance(DAY - HOUR);
  assertEquals(await freed(world), 1);
  await saveAndDelete(world, "b");
  world.advance(HOUR + 1001);
  assertEquals(await freed(world), 1);
});

testProtocol(
  "a late save after a lowered grace fails",
  { ...LOWERED, mutable: true },
  async (world) => {
    const { registry, backend, clocks } = world; // reads the settings once
    const other = await world.open();
    await registry.save("a", 1, { version: "1" });
    await changeSettings(other.registry, { graceMs: HOUR });
    world.advance(2 * DAY);
    const sleeps = async () => {
      world.advance(2 * HOUR, "store"); // its own clocks sleep too
      const system = { ...world.system, now: () => clocks.store };
      await collectGarbage(await openRegistry(world.store, { system }));
    };
    backend.answer({ verb: "put", key: /^objects/ }, followedBy(sleeps));
    await rejected(
      "Unknown",
      registry.save("a", noise(70_000), { version: "1", onConflict: "overwrite" }),
    );
    assertEquals(await (await world.open()).registry.load("a"), 1);
  },
);

testProtocol("a write ends a quarter of the least grace later", LOWERED, async (world) => {
  const { registry, backend } = world;
  backend.answer(
    { verb: "put", key: /^objects/ },
    followedBy(() => Promise.resolve(world.advance(HOUR / 4 + 1))),
  );
  await rejected("Unavailable", registry.save("a", noise(70_000)));
  assertEquals(await world.keys("names/"), []);
});

testProtocol("uploads are renewed by the least grace", LOWERED, async (world) => {
  const { registry, advance } = world;
  async function* slow(): AsyncGenerator<FileToSave> {
    for (let n = 0; n < 12; n++) {
      advance(HOUR / 12);
      yield { path: `${n}.bin`, content: noise(300_000, n) };
    }
  }
  const draft = await registry.openDraft("a", { id: "1" });
  assertEquals((await draft.addPart("0", slow())).files, 12);
});

testInMemory("leastGraceMs defaults to an hour and is fixed", async ({ open, registry }) => {
  assertEquals(registry.settings.leastGraceMs, HOUR);
  assertEquals((await open({ leastGraceMs: HOUR })).id, registry.id);
  await rejected("Invalid", open({ leastGraceMs: 2 * HOUR }));
  const long = createMemoryBackend();
  const { id } = await openRegistry(long, { graceMs: 7 * DAY, leastGraceMs: 2 * DAY });
  assertEquals(
    (await openRegistry(long, { leastGraceMs: 2 * DAY })).id,
    id,
    "graceMs is as stored",
  );
  for (const leastGraceMs of [HOUR - 1, NaN, 25 * HOUR]) {
    const empty = createMemoryBackend();
    await rejected("Invalid", openRegistry(empty, { leastGraceMs }));
    assertEquals(await keysOf(empty), []);
  }
  const short = await openRegistry("memory:", { graceMs: HOUR });
  assertEquals([short.settings.graceMs, short.settings.leastGraceMs], [HOUR, HOUR]);
});

testProtocol("nothing is collected while a settings record is missing", async (world) => {
  const { registry, store } = world;
  await saveAndDelete(world, "a");
  await changeSettings(registry, { graceMs: 3 * DAY });
  await changeSettings(registry, { graceMs: 2 * DAY });
  await store.delete(recordKey(SETTINGS, 2));
  world.advance(10 * DAY);
  await rejected("Corrupt", collectGarbage(registry), /some of its records are missing/);
  assertEquals((await world.keys("objects/")).length, 1);
  assertEquals(await world.keys("scratch/"), []);
});

testProtocol("settings of another registry are refused", async (world) => {
  const { registry, store } = world;
  await changeSettings(registry, { graceMs: 3 * DAY });
  const key = recordKey(SETTINGS, 2);
  const { record } = decodeRecord(await (await store.get(key))!.bytes(), key);
  const stranger = {
    ...record as SettingsRecord,
    registry: "01951e2f-6c00-7abc-8def-0123456789ab",
  };
  await store.put(key, encodeRecord(stranger));
  await rejected("Corrupt", world.open());
  await rejected("Corrupt", collectGarbage(registry));
});

testProtocol("concurrent changes are both stored, the longer counts", async (world) => {
  const { registry, backend } = world;
  const other = await world.open();
  const raise = () => changeSettings(other.registry, { graceMs: 5 * DAY });
  backend.answer({ verb: "put", mode: "create" }, doing(raise));
  const { graceMs, bindingGraceMs } = await changeSettings(registry, { graceMs: 2 * DAY });
  assertEquals([graceMs, bindingGraceMs], [2 * DAY, 5 * DAY]);
  assertEquals((await world.keys("settings/")).length, 3);
});

testOnEach("a new grace keeps the registry", async ({ registry, backend, open }) => {
  const { id, settings } = registry;
  const saved = await registry.save("a", 1, { idempotencyKey: "k" });
  const { graceMs } = await changeSettings(registry, { graceMs: 2 * DAY });
  assertEquals(graceMs, 2 * DAY);
  const keys = await keysOf(backend, "settings/");
  await changeSettings(registry, { graceMs: 2 * DAY }); // unchanged
  assertEquals([keys.length, await keysOf(backend, "settings/")], [2, keys]);
  const again = await open();
  assertEquals([again.id, again.settings], [id, settings]);
  assertEquals(await again.load("a"), 1);
  assertEquals((await again.save("a", 1, { idempotencyKey: "k" })).commit, saved.commit);
  assertEquals((await readSettings(again)).graceMs, 2 * DAY);
  assertEquals((await open({ graceMs: 2 * DAY })).id, id);
  assertEquals((await open({ graceMs: GRACE_MS })).id, id);
  await rejected("Invalid", open({ graceMs: 3 * DAY }));
  const { problems, unseen } = await verifyRegistry(again);
  assertEquals([problems, unseen.strangers], [[], 0]);
});

testOnEach("a read-only registry reads settings", async ({ registry, open }) => {
  await changeSettings(registry, { graceMs: 2 * DAY });
  const reader = await open({ readOnly: true });
  assertEquals((await readSettings(reader)).bindingGraceMs, 2 * DAY);
  await rejected("Denied", changeSettings(reader, { graceMs: 3 * DAY }));
});
