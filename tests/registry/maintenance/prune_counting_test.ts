import { assertEquals, assertMatch } from "@std/assert";
import { encodeRecord } from "../../../registry/format/record_codec.ts";
import type { Registry } from "../../../core/registry.ts";
import { prune } from "../../../registry/maintenance.ts";
import { makeVoid } from "../late_records.ts";
import { filler, GRACE_MS, HOUR, type ProtocolWorld, testProtocol } from "../protocol_world.ts";
import { noise } from "../registries.ts";
import { collect, rejected } from "../rejected.ts";
import { doing, followedBy } from "../scripted_backend.ts";

const MUTABLE = { mutable: true };
const TOMBSTONE = { verb: "put", mode: "create", key: /^names\/a\/versions/ } as const;

async function fill({ registry }: ProtocolWorld, count: number): Promise<void> {
  for (let n = 1; n <= count; n++) await registry.save("a", n);
}

async function loadable(registry: Registry): Promise<string[]> {
  return (await collect(registry.versions("a", { details: true }))).map(({ version }) => version);
}

testProtocol(
  "prune() keeps the newest version that counts, not a void record above it",
  {},
  async (world) => {
    await fill(world, 3);
    await makeVoid(world, { version: "9.0.0" });
    for (const dryRun of [true, false]) {
      const { registry } = await world.open();
      const { deleted, kept } = await prune(registry, { keepLast: 1, dryRun });
      assertEquals([deleted.map(({ version }) => version), kept], [["2.0.0", "1.0.0"], 1]);
    }
    assertEquals(await loadable((await world.open()).registry), ["3.0.0"]);
  },
);

testProtocol(
  "prune() counts a version whose head is void and whose older generation counts",
  MUTABLE,
  async (world) => {
    await fill(world, 3);
    await makeVoid(world, { version: "3.0.0", onConflict: "overwrite" });
    const { deleted } = await prune((await world.open()).registry, { keepLast: 1 });
    assertEquals(deleted.map(({ version }) => version), ["2.0.0", "1.0.0"]);
    const { registry } = await world.open();
    assertEquals([await loadable(registry), await registry.load("a")], [["3.0.0"], 3]);
  },
);

testProtocol("prune() deletes below a void head what the rules let go", MUTABLE, async (world) => {
  await fill(world, 2);
  await makeVoid(world, { version: "1.0.0", onConflict: "overwrite" });
  const { deleted, kept } = await prune((await world.open()).registry, { keepLast: 1 });
  assertEquals([deleted.map(({ version }) => version), kept], [["1.0.0"], 1]);
  assertEquals(await loadable((await world.open()).registry), ["2.0.0"]);
});

testProtocol(
  "prune() takes a version for as old as the record that counts",
  MUTABLE,
  async (world) => {
    await fill(world, 2);
    world.advance(2 * GRACE_MS);
    await makeVoid(world, { version: "1.0.0", onConflict: "overwrite" }, filler("late"));
    for (const dryRun of [true, false]) {
      const { deleted } = await prune((await world.open()).registry, { olderThanMs: HOUR, dryRun });
      assertEquals(deleted.map(({ version }) => version), ["2.0.0", "1.0.0"]);
    }
  },
);

testProtocol("a version that cannot be read is kept, not counted, and named", {}, async (world) => {
  await fill(world, 5);
  const [newest, , , second] = await world.keys("names/a/versions/");
  await world.store.put(newest, noise(700));
  await world.store.put(
    second,
    encodeRecord({ ...(await world.records(second))[0], format: "holdfast/2" }),
  );
  for (const dryRun of [true, false]) {
    const { deleted, kept, failures } = await prune((await world.open()).registry, {
      keepLast: 2,
      dryRun,
    });
    assertEquals([deleted.map(({ version }) => version), kept], [["1.0.0"], 4]);
    assertEquals(failures.map(({ name, version, code, key }) => [name, version, code, key]), [
      ["a", "5.0.0", "Corrupt", newest],
      ["a", "2.0.0", "Unsupported", second],
    ]);
  }
});

testProtocol("an alias that cannot be read keeps its name, and no other", {}, async (world) => {
  await fill(world, 3);
  await world.registry.save("b", 1);
  await world.registry.save("b", 2);
  await world.registry.setAlias("a", "live", "1");
  const [alias] = await world.keys("names/a/aliases/");
  await world.store.put(alias, noise(300));
  const { deleted, kept, failures } = await prune((await world.open()).registry, { keepLast: 1 });
  assertEquals([deleted, kept], [[{ name: "b", version: "1.0.0" }], 4]);
  assertEquals(failures.map(({ name, version, key }) => [name, version, key]), [[
    "a",
    undefined,
    alias,
  ]]);
  assertEquals((await prune(world.registry, { keepLast: 1, keepAliased: false })).failures, []);
});

testProtocol("prune() beside a delete of what it keeps leaves one more", {}, async (world) => {
  await fill(world, 6);
  const { registry, backend } = await world.open();
  backend.answer(TOMBSTONE, followedBy(() => world.registry.delete("a@6")));
  const { deleted, kept } = await prune(registry, { keepLast: 1 });
  assertEquals(deleted.map(({ version }) => version), ["4.0.0", "3.0.0", "2.0.0", "1.0.0"]);
  assertEquals(
    [kept, await loadable(world.registry)],
    [2, ["5.0.0"]],
    "it left two, of which somebody else deleted one",
  );
});

testProtocol("prune() keeps what it kept when something is saved meanwhile", {}, async (world) => {
  await fill(world, 4);
  const { registry, backend } = await world.open();
  backend.answer(TOMBSTONE, doing(() => world.registry.save("a", "five")));
  await prune(registry, { keepLast: 1 });
  assertEquals(await loadable(world.registry), ["5.0.0", "4.0.0"]);
});

testProtocol("prune() leaves what was overwritten since it looked", MUTABLE, async (world) => {
  await fill(world, 3);
  world.advance(2 * GRACE_MS);
  const { registry, backend } = await world.open();
  const overwrite = () =>
    world.registry.save("a", "new", { version: "2", onConflict: "overwrite" });
  backend.answer(TOMBSTONE, doing(overwrite));
  const { deleted, kept } = await prune(registry, { olderThanMs: HOUR });
  assertEquals([deleted.map(({ version }) => version), kept], [["3.0.0", "1.0.0"], 1]);
  assertEquals(await world.registry.load("a"), "new");
});

for (const skew of [1, -1]) {
  testProtocol(
    `prune() by age refuses a clock that is ${skew > 0 ? "ahead" : "behind"}`,
    {},
    async (world) => {
      await fill(world, 3);
      world.advance(HOUR);
      world.clocks.wall += skew * (GRACE_MS / 4 + 1);
      for (const dryRun of [true, false]) {
        const error = await rejected(
          "Unavailable",
          prune(world.registry, { olderThanMs: HOUR / 2, dryRun }),
        );
        assertMatch(error.message, /^Cannot prune: .*clock/);
      }
      assertEquals([(await loadable(world.registry)).length, await world.keys("scratch/")], [
        3,
        [],
      ]);
      assertEquals(
        (await prune(world.registry, { keepLast: 1 })).deleted.length,
        2,
        "a number needs no clock",
      );
    },
  );
}

testProtocol("prune() by age goes by the store's clock", {}, async (world) => {
  await fill(world, 3);
  world.advance(HOUR);
  world.clocks.wall += GRACE_MS / 4 - HOUR;
  const report = await prune((await world.open()).registry, { olderThanMs: 2 * HOUR });
  assertEquals([report.clock, report.deleted], ["store", []]);
  assertEquals(await world.keys("scratch/"), []);
});

testProtocol(
  "a dry run that may not write goes by this machine's clock, and says so",
  {},
  async (world) => {
    await fill(world, 3);
    const { registry, backend } = await world.open({ readOnly: true });
    world.clocks.wall += 30 * GRACE_MS;
    const report = await prune(registry, { olderThanMs: GRACE_MS, dryRun: true });
    assertEquals([report.clock, report.deleted.length], ["own", 3]);
    assertEquals(backend.asked({ verb: "put" }), []);
    assertEquals((await prune(registry, { keepLast: 1, dryRun: true })).clock, undefined);
  },
);
