import { assert, assertEquals } from "@std/assert";
import { createMemoryBackend } from "../../../backends/memory.ts";
import type { SweepOptions } from "../../../core/backend.ts";
import {
  decodeRecord,
  encodeRecord,
  FORMAT,
  TOMBSTONE_BYTES,
} from "../../../registry/format/record_codec.ts";
import { collectGarbage } from "../../../extensions/maintenance/mod.ts";
import { openRegistry } from "../../../mod.ts";
import type { GarbageItem } from "../../../extensions/maintenance/garbage/collection.ts";
import {
  fileSet,
  GRACE_MS,
  HOUR,
  type ProtocolWorld,
  testProtocol,
} from "../../registry/protocol_world.ts";
import { noise } from "../../registry/registries.ts";
import { rejected } from "../../registry/rejected.ts";
import { createScriptedBackend } from "../../registry/scripted_backend.ts";

const MUTABLE = { mutable: true };
const OVERWRITE = { version: "1", onConflict: "overwrite" } as const;
const CELL = "names/a/versions/";
const NEW = new Uint8Array(3);
const UUID = "01951e2f-6c00-7abc-8def-0123456789ab";

/** Returns the removed objects: `generation names/…`. */
async function removed(
  { registry }: ProtocolWorld,
  options: { dryRun?: boolean } = {},
): Promise<string[]> {
  const items: GarbageItem[] = [];
  const report = await collectGarbage(registry, { ...options, onItem: (item) => items.push(item) });
  assertEquals(report.failures, []);
  assertEquals(report.bytes, items.reduce((sum, { size }) => sum + size, 0));
  for (const [what, { count, bytes }] of Object.entries(report.removed)) {
    const same = items.filter((item) => item.what === what);
    assertEquals({ count, bytes }, {
      count: same.length,
      bytes: same.reduce((sum, { size }) => sum + size, 0),
    });
  }
  for (const { why } of items) assert(why.length > 5);
  return items.map(({ what, key }) => `${what} ${key}`);
}

for (const skew of [1, -1]) {
  testProtocol(
    `gc refuses clocks that differ too much: ${skew > 0 ? "ahead" : "behind"}`,
    { ...MUTABLE, leastGraceMs: HOUR },
    async (world) => {
      const { registry, clocks, advance, keys } = world;
      for (const n of [1, 2]) await registry.save("a", noise(70_000, n), OVERWRITE);
      advance(2 * GRACE_MS);
      const before = await keys();
      clocks.wall += skew * (HOUR / 4 + 1);
      await rejected("Unavailable", collectGarbage(registry));
      assertEquals(await keys(), before);
      clocks.wall -= skew;
      assertEquals((await collectGarbage(registry)).removed.scrubbed.count, 1);
    },
  );
}

testProtocol(
  "a generation is removed once its successor is older than the grace",
  MUTABLE,
  async (world) => {
    const { registry, advance, keys } = world;
    for (const n of [1, 2]) await registry.save("a", n, OVERWRITE);
    advance(10 * GRACE_MS);
    await registry.save("a", 3, OVERWRITE);
    const [, second, first] = await keys(CELL);
    assertEquals(await removed(world), [`scrubbed ${first}`]);
    advance(GRACE_MS);
    assertEquals(await removed(world), []);
    advance(1);
    assertEquals(await removed(world), [`generation ${second}`]);
    advance(10 * GRACE_MS);
    assertEquals(await removed(world), []);
    assertEquals(await registry.load("a"), 3);
  },
);

testProtocol("the first generation is scrubbed to keep its number used", MUTABLE, async (world) => {
  const { registry, advance, records, keys, store } = world;
  const saved = await registry.save("a", { secret: "x".repeat(5000) }, {
    ...OVERWRITE,
    metadata: { who: "me" },
  });
  const [full] = await records(CELL);
  await registry.save("a", 2, OVERWRITE);
  advance(2 * GRACE_MS);
  const [, first] = await keys(CELL);
  const { size } = (await store.head(first))!;
  const report = await collectGarbage(registry);
  const left = (await store.head(first))!.size;
  assertEquals(report.removed.scrubbed, { count: 1, bytes: size - left });
  assert(left < 500);
  const { startedAt, createdAt } = full;
  assertEquals((await records(CELL))[1], {
    format: FORMAT,
    generation: 1,
    commit: saved.commit,
    startedAt,
    createdAt,
    kind: "scrubbed",
    digest: saved.digest,
  });
});

testProtocol("a scrubbed number is not used again", {}, async (world) => {
  const { registry, advance, keys } = world;
  for (let n = 0; n < 3; n++) await registry.save("a", n);
  await registry.delete("a", { allVersions: true });
  advance(9 * GRACE_MS);
  await collectGarbage(registry);
  assertEquals((await keys(CELL)).length, 6, "three tombstones over three first records");
  await rejected("AlreadyExists", registry.save("a", "again", { version: "2" }));
  assertEquals((await registry.save("a", "next")).version, "4.0.0");
});

testProtocol(
  "a tombstone is kept as the head if it may be written above",
  MUTABLE,
  async (world) => {
    const { registry, advance, store } = world;
    await registry.save("a", noise(70_000));
    await registry.delete("a", { allVersions: true });
    for (let days = 0; days < 9; days++) {
      advance(9 * GRACE_MS);
      await collectGarbage(registry);
    }
    const entries = await Array.fromAsync(store.list("names/"));
    assertEquals(entries.map((entry) => "key" in entry && entry.size === TOMBSTONE_BYTES), [
      true,
      false,
    ]);
    assertEquals(await world.keys("objects/"), []);
  },
);

testProtocol(
  "payload goes a grace after the last version that refers to it",
  MUTABLE,
  async (world) => {
    const { registry, advance, keys } = world;
    await registry.save("a", noise(300_000));
    const [payload] = await keys("objects/");
    await registry.delete("a", { allVersions: true });
    advance(GRACE_MS);
    assertEquals(await removed(world), [], "a reader may be under way");
    advance(1);
    const [, first] = await keys(CELL);
    assertEquals(await removed(world), [`scrubbed ${first}`, `payload ${payload}`]);
  },
);

testProtocol(
  "payload shared by a replaced but readable generation is kept",
  MUTABLE,
  async (world) => {
    const { registry, advance, keys } = world;
    const common = noise(300_000);
    await registry.save("a", { common }, { ...OVERWRITE, as: fileSet });
    await registry.save("a", { common, more: noise(300_000, 2) }, {
      ...OVERWRITE,
      as: fileSet,
    });
    advance(9 * GRACE_MS);
    await registry.save("a", "small", OVERWRITE);
    assertEquals((await removed(world)).filter((item) => item.startsWith("payload")), []);
    advance(2 * GRACE_MS);
    assertEquals((await removed(world)).filter((item) => item.startsWith("payload")).length, 2);
    assertEquals(await keys("objects/"), []);
  },
);

testProtocol("uncommitted payload goes when all of its folder is old", {}, async (world) => {
  const { store, advance, keys } = world;
  const folder = `objects/a/p8p9p9/${UUID}/`;
  for (const file of ["0", "1"]) await store.put(`${folder}${file}`, NEW);
  advance(GRACE_MS);
  assertEquals(await removed(world), []);
  await store.put(`${folder}2`, NEW);
  advance(HOUR);
  assertEquals(await removed(world), [], "one of its objects is young");
  advance(GRACE_MS);
  await store.put(`${folder}.alive`, NEW);
  assertEquals(await removed(world), [], "it is alive");
  advance(GRACE_MS);
  assertEquals(await removed(world), []);
  advance(1);
  assertEquals(
    await removed(world),
    ["0", "1", "2", ".alive"].map((file) => `payload ${folder}${file}`),
  );
  assertEquals(await removed(world), []);
  assertEquals(await keys(), await keys("settings/"), "the next run forgets the name");
});

testProtocol("old leftovers in uploads/ and scratch/ are removed", {}, async (world) => {
  const { store, advance, keys } = world;
  const old = [`scratch/mark-${UUID}`, `scratch/probe-${UUID}/order/a=b\n`, `uploads/${UUID}/0`];
  for (const key of old) await store.put(key, NEW);
  advance(GRACE_MS + 1);
  const other = UUID.replace("0", "1");
  const young = [`scratch/mark-${other}`, `scratch/probe-${other}/order/a`, `uploads/${other}/0`];
  for (const key of young) await store.put(key, NEW);
  assertEquals((await removed(world)).sort(), old.map((key) => `upload ${key}`));
  assertEquals([...await keys("scratch/"), ...await keys("uploads/")], young);
});

testProtocol("unfinished writes are swept before anything else", {}, async ({ system, clocks }) => {
  const swept: SweepOptions[] = [];
  const memory = createMemoryBackend({ system: { ...system, now: () => clocks.store } });
  const backend = createScriptedBackend(Object.assign(memory, {
    async *sweepUploads(options: SweepOptions) {
      swept.push(options);
      yield await Promise.resolve({ key: ".stage/x", startedAt: 0, size: 77 });
    },
  }));
  const registry = await openRegistry(backend, { system, graceMs: GRACE_MS });
  await registry.save("a", 1);
  for (const dryRun of [true, false]) {
    backend.forget();
    const report = await collectGarbage(registry, { dryRun });
    assertEquals(report.removed.stage, { count: 1, bytes: 77 });
    const asked = backend.calls.filter(({ key = "" }) => !key.startsWith("settings/")).map((
      { verb },
    ) => verb);
    assertEquals(asked.slice(0, 2), ["put", "sweepUploads"]);
    assertEquals(swept.shift(), {
      olderThan: report.markAt.getTime() - GRACE_MS,
      dryRun,
      signal: undefined,
    });
    // a dry run finds what is too young
    assertEquals(swept.splice(0).map(({ dryRun }) => dryRun), [true]);
  }
});

async function fill({ registry, advance, store, backend }: ProtocolWorld): Promise<void> {
  const value = (n: number) => ({
    common: noise(300_000),
    own: noise(70_000, n),
    small: noise(10, n),
  });
  for (let n = 1; n <= 3; n++) await registry.save("shared", value(n), { as: fileSet });
  const path = (n: number) => `${"folder/".repeat(20)}${n}`;
  const list = Object.fromEntries(
    Array.from({ length: 600 }, (_, n) => [path(n), noise(200, n + 1)]),
  );
  for (let n = 1; n <= 3; n++) {
    await registry.save("list", { ...list, [path(0)]: noise(200, 9000 + n) }, {
      as: fileSet,
    });
  }
  await registry.save(
    "tiny",
    Object.fromEntries(Array.from({ length: 1000 }, (_, n) => [path(n), noise(1)])),
    {
      as: fileSet,
    },
  );
  for (let n = 1; n <= 4; n++) await registry.save("overwritten", noise(70_000, n), OVERWRITE);
  await registry.save("kept", noise(70_000), { idempotencyKey: "k" });
  await registry.setAlias("kept", "live", "1");
  await registry.delete("shared@1");
  await registry.delete("list@1");
  await store.put(`objects/crashed/p8p9p9/${UUID}/0`, NEW);
  advance(2 * GRACE_MS);
  await registry.delete("list@2");
  await store.put(`objects/crashed/p8p9p9/${UUID.replace("0", "1")}/0`, NEW);
  backend.forget();
}

testProtocol("a dry run changes nothing and reports what would go", MUTABLE, async (world) => {
  await fill(world);
  const { store, keys, backend } = world;
  const before = await Promise.all(
    (await keys()).map(async (key) => [key, await (await store.get(key))!.bytes()]),
  );
  const said = await removed(world, { dryRun: true });
  const after = await Promise.all(
    (await keys()).map(async (key) => [key, await (await store.get(key))!.bytes()]),
  );
  assertEquals(after, before);
  assertEquals(backend.asked({ verb: "delete" }).filter((call) => !call.includes("scratch/")), []);
  assert(said.length > 8);
  assertEquals((await removed(world)).toSorted(), said.toSorted());
  assertEquals(await removed(world), []);
});

testProtocol("long lists of files keep the folders that they refer to", MUTABLE, async (world) => {
  await fill(world);
  const { registry, advance, keys } = world;
  for (let turn = 0; turn < 3; turn++) {
    await removed(world);
    const files = await registry.load("list", { as: fileSet }) as Record<string, Uint8Array>;
    assertEquals(Object.keys(files).length, 600);
    assertEquals((await registry.info("tiny")).files.length, 1000);
    advance(2 * GRACE_MS);
  }
  assertEquals(new Set((await keys("objects/list/")).map((key) => key.split("/")[3])).size, 2);
});

for (const damage of ["damaged", "of a newer format"] as const) {
  testProtocol(
    `a record that is ${damage} keeps all of its name and is reported`,
    MUTABLE,
    async (world) => {
      await fill(world);
      const { registry, store, keys, advance } = world;
      const victim = (await keys("names/shared/versions/")).at(-1)!;
      const bytes = await (await store.get(victim))!.bytes();
      const { record } = decodeRecord(bytes, victim);
      if (damage === "damaged") await store.put(victim, bytes.toReversed());
      else await store.put(victim, encodeRecord({ ...record, format: "holdfast/9" }));
      advance(2 * GRACE_MS);
      const before = [...await keys("names/shared/"), ...await keys("objects/shared/")];
      const report = await collectGarbage(registry);
      assertEquals(report.failures.map(({ key }) => key), [victim]);
      assertEquals([...await keys("names/shared/"), ...await keys("objects/shared/")], before);
      assert(report.removed.payload.count > 3, "other names are cleaned as ever");
    },
  );
}

for (const damage of ["missing", "damaged"] as const) {
  testProtocol(`a long list that is ${damage} keeps all of its name`, MUTABLE, async (world) => {
    await fill(world);
    const { registry, store, keys, advance } = world;
    const { commit } = await registry.info("list");
    const list = (await keys("objects/list/")).filter((key) => key.includes(commit)).at(-1)!;
    const bytes = await (await store.get(list))!.bytes();
    if (damage === "missing") await store.delete(list);
    else await store.put(list, bytes.toReversed());
    advance(2 * GRACE_MS);
    const before = [...await keys("names/list/"), ...await keys("objects/list/")];
    assertEquals((await collectGarbage(registry)).failures.length, 1);
    assertEquals([...await keys("names/list/"), ...await keys("objects/list/")], before);
    await store.put(list, bytes);
    assertEquals((await collectGarbage(registry)).failures, []);
    assertEquals(Object.keys(await registry.load("list", { as: fileSet }) as object).length, 600);
  });
}

testProtocol("a read-only registry is not collected", {}, async ({ open }) => {
  const { registry, backend } = await open({ readOnly: true });
  await rejected("Denied", collectGarbage(registry));
  assertEquals(backend.calls, []);
});
