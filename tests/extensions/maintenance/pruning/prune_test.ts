import { assertEquals, assertMatch } from "@std/assert";
import { fault } from "../../../../core/errors.ts";
import { publishRelease } from "../../../../mod.ts";
import { prune, type PruneReport } from "../../../../extensions/maintenance/pruning/mod.ts";
import type { Registry } from "../../../../core/registry.ts";
import { collect, rejected } from "../../../registry/rejected.ts";
import { withHooks } from "../../../registry/with_hooks.ts";
import { withoutStore } from "../../../registry/contract/without_store.ts";
import { withAge } from "../../../registry/with_age.ts";
import { keysOf, noise, testInMemory, testOnEach } from "../../../registry/registries.ts";
import { encodeRecord } from "../../../../registry/format/record_codec.ts";
import { makeVoid } from "../../../registry/late_records.ts";
import { filler, GRACE_MS, HOUR, testProtocol } from "../../../registry/protocol_world.ts";
import { doing, followedBy } from "../../../registry/scripted_backend.ts";

const DAY_MS = 24 * 3_600_000;

async function fill(registry: Registry, name: string, count: number): Promise<void> {
  for (let i = 1; i <= count; i++) await registry.save(name, i);
}

async function versionsOf(registry: Registry, name: string): Promise<string[]> {
  return (await collect(registry.versions(name))).map(({ version }) => version);
}

testOnEach("prune() keeps the newest versions of each name", async ({ registry }) => {
  await fill(registry, "a", 5);
  await fill(registry, "b", 2);
  await registry.save("a", "rc", { version: "9.0.0-rc.1" });
  const heard: string[] = [];
  const onDeleted = ({ name, version }: { name: string; version: string }) =>
    void heard.push(`${name}@${version}`);
  assertEquals((await prune(registry, { keepLast: 3, dryRun: true, onDeleted })).deleted.length, 3);
  assertEquals(heard, []);
  const report = await prune(registry, { keepLast: 3, onDeleted });
  assertEquals(heard.toSorted(), ["a@1.0.0", "a@2.0.0", "a@3.0.0"]);
  assertEquals(report, {
    dryRun: false,
    deleted: ["3.0.0", "2.0.0", "1.0.0"].map((version) => ({ name: "a", version })),
    kept: 5,
    failures: [],
  });
  assertEquals(await versionsOf(registry, "a"), ["9.0.0-rc.1", "5.0.0", "4.0.0"]);
  assertEquals(await versionsOf(registry, "b"), ["2.0.0", "1.0.0"]);
  assertEquals((await registry.save("a", 6)).version, "6.0.0");
});

testOnEach("prune() keeps versions with an alias, by default", async ({ registry }) => {
  await fill(registry, "a", 4);
  await registry.setAlias("a", "production", "2");
  for (const dryRun of [true, false]) {
    const { deleted, kept } = await prune(registry, { keepLast: 1, dryRun });
    assertEquals([deleted.map(({ version }) => version), kept], [["3.0.0", "1.0.0"], 2]);
  }
  assertEquals(await versionsOf(registry, "a"), ["4.0.0", "2.0.0"]);
  await prune(registry, { keepLast: 1, keepAliased: false });
  assertEquals(await versionsOf(registry, "a"), ["4.0.0"]);
});

testOnEach("prune() keeps the version to which an alias can be rolled back", async (world) => {
  const { registry } = world;
  const served = withoutStore(registry);
  await fill(registry, "a", 7);
  for (const version of ["1", "3", "4", "5"]) await registry.setAlias("a", "live", version);
  for (const version of ["2", "7"]) await registry.setAlias("a", "next", version);
  const gone = ["6.0.0", "3.0.0", "1.0.0"].map((version) => ({ name: "a", version }));
  for (const each of [served, registry]) {
    assertEquals((await prune(each, { keepLast: 1, dryRun: true })).deleted, gone);
  }
  assertEquals((await prune(registry, { keepLast: 1 })).deleted, gone);
  await registry.setAlias("a", "live", "4"); // rolled back
  await registry.deleteAlias("a", "next"); // nothing is left to roll back
  assertEquals((await prune(served, { keepLast: 1 })).deleted.map(({ version }) => version), [
    "2.0.0",
  ]);
  assertEquals(await versionsOf(registry, "a"), ["7.0.0", "5.0.0", "4.0.0"]);
});

testOnEach("prune() keeps a version that got an alias meanwhile", async ({ registry, open }) => {
  await fill(registry, "a", 4);
  let waiting = true;
  const slow = await open({}, (inner) =>
    withHooks(inner, {
      async after({ verb, key }) {
        if (!waiting || verb !== "list" || !key.includes("/versions/prerelease/")) return;
        waiting = false;
        await registry.setAlias("a", "production", "2");
      },
    }));
  const report = await prune(slow, { keepLast: 1 });
  assertEquals([report.deleted.map(({ version }) => version), report.kept], [
    ["3.0.0", "1.0.0"],
    2,
  ]);
  assertEquals(await registry.load("a@production"), 2);
});

testOnEach("prune() deletes only versions that no rule keeps", async ({ registry, open }) => {
  await fill(registry, "a", 4);
  assertEquals((await prune(registry, { olderThanMs: DAY_MS })).deleted, []);
  const later = () => open({}, (backend) => withAge(backend, 2 * DAY_MS));
  assertEquals((await prune(await later(), { olderThanMs: 3 * DAY_MS })).deleted, []);
  assertEquals(
    (await prune(await later(), { olderThanMs: DAY_MS, keepLast: 3 })).deleted.length,
    1,
  );
  assertEquals((await prune(await later(), { olderThanMs: DAY_MS })).deleted.length, 3);
  assertEquals(await collect(registry.names()), []);
});

testOnEach(
  "prune() inspects only the given names, and deletes nothing in a dry run",
  async ({ registry, backend }) => {
    for (const name of ["a", "b", "c"]) await fill(registry, name, 2);
    const before = await keysOf(backend);
    const dry = await prune(registry, { keepLast: 1, names: ["a", "b"], dryRun: true });
    assertEquals([dry.dryRun, dry.kept, dry.deleted.map(({ name }) => name)], [true, 2, [
      "a",
      "b",
    ]]);
    assertEquals(await keysOf(backend), before);
    const { deleted } = await prune(registry, { keepLast: 0, names: ["a"] });
    assertEquals(deleted.length, 2);
    assertEquals((await collect(registry.names())).sort(), ["b", "c"]);
    await rejected("NotFound", prune(registry, { keepLast: 1, names: ["none"], dryRun: true }));
  },
);

testOnEach("prune() takes patterns of names, each name once", async ({ registry }) => {
  for (const name of ["tmp:a", "tmp:b", "tmp/c", "a", "ta", "t?"]) await fill(registry, name, 2);
  const pruned = async (...names: string[]) => {
    const { deleted } = await prune(registry, { keepLast: 1, names, dryRun: true });
    return deleted.map(({ name }) => name).sort();
  };
  assertEquals(await pruned("tmp:*", "tmp:a"), ["tmp:a", "tmp:b"]);
  assertEquals(await pruned("{a,tmp/?}"), ["a", "tmp/c"]);
  assertEquals(await pruned("t?"), ["t?"]); // a name, not a pattern
  await rejected("NotFound", pruned("b*"));
});

testOnEach("prune() keeps and reports a damaged version", async ({ registry, backend }) => {
  await fill(registry, "a", 3);
  const keys = await keysOf(backend, "names/a/");
  await backend.put(keys[1], new Uint8Array(7));
  const { deleted, kept, failures } = await prune(registry, { keepLast: 1 });
  assertEquals([deleted.map(({ version }) => version), kept], [["1.0.0"], 2]);
  assertEquals(failures.map(({ version, code, key }) => [version, code, key]), [[
    "2.0.0",
    "Corrupt",
    keys[1],
  ]]);
  assertMatch(failures[0].hint!, /from a backup/);
});

testInMemory("prune() reports failures with the reason of their hints", async (world) => {
  await fill(world.registry, "a", 2);
  const reason = { kind: "damaged", finding: "It is gone." } as const;
  const damaged = fault({ code: "Corrupt", action: "read", state: "damaged", hint: "x", reason });
  // deno-lint-ignore require-yield
  const aliases = async function* (): AsyncGenerator<never> {
    await Promise.reject(damaged);
  };
  const { failures } = await prune({ ...world.registry, aliases }, { keepLast: 1 });
  assertEquals(failures.map(({ name, code, reason }) => ({ name, code, reason })), [
    { name: "a", code: "Corrupt", reason },
  ]);
});

testInMemory(
  "prune() refuses missing or invalid rules and read-only registries",
  async ({ registry, open }) => {
    await fill(registry, "a", 2);
    assertMatch((await rejected("Invalid", prune(registry, {}))).message, /no rule/);
    for (
      const options of [
        { keepLast: -1 },
        { keepLast: NaN },
        { keepLast: 1.5 },
        { olderThanMs: -1 },
        { olderThanMs: NaN },
        { keepDaily: -1 },
        { keepLast: 1, keepMonthly: 0.5 },
        { keepWhere: "released" as never },
      ]
    ) {
      await rejected("Invalid", prune(registry, options));
    }
    const reader = await open({ readOnly: true });
    await rejected("Denied", prune(reader, { keepLast: 1 }));
    assertEquals((await prune(reader, { keepLast: 1, dryRun: true })).deleted.length, 1);
    assertEquals((await versionsOf(registry, "a")).length, 2);
  },
);

testOnEach("prune() keeps members of releases that it deletes", async ({ registry }) => {
  for (const name of ["m", "z"]) await fill(registry, name, 3);
  for (let n = 1; n <= 2; n++) await publishRelease(registry, "m:serving", { m: "m@1", z: "z@1" });
  await publishRelease(registry, "serving", { z: `z@2` });
  for (const name of ["m:serving", "serving"]) {
    await registry.save(name, "not a release");
  }
  for (const dryRun of [true, false]) {
    const { deleted, kept } = await prune(registry, { keepLast: 1, dryRun });
    assertEquals(deleted.map(({ name, version }) => `${name}@${version}`).sort(), [
      ...["m:serving@1.0.0", "m:serving@2.0.0", "m@2.0.0", "serving@1.0.0"],
    ]);
    assertEquals(kept, 7);
  }
  assertEquals(await versionsOf(registry, "z"), ["3.0.0", "2.0.0", "1.0.0"]);
});

testOnEach("prune() deletes what the confirmed plan names", async ({ registry }) => {
  for (const name of ["a", "b"]) await fill(registry, name, 3);
  const names = ["a", "b", "a"];
  const plans: PruneReport[] = [];
  const confirm = (plan: PruneReport) => plans.push(structuredClone(plan)) > 1;
  const refused = await prune(registry, { keepLast: 2, names, confirm });
  assertEquals([refused, refused.dryRun, refused.deleted.length], [{ ...plans[0]! }, true, 2]);
  const { deleted } = await prune(registry, {
    keepLast: 2,
    names,
    async confirm(plan) {
      await registry.save("a", "now the newest");
      await registry.setAlias("b", "live", "1");
      return confirm(plan);
    },
  });
  assertEquals(deleted, [{ name: "a", version: "1.0.0" }]);
  assertEquals(await versionsOf(registry, "a"), ["4.0.0", "3.0.0", "2.0.0"]);
});

const MUTABLE = { mutable: true };
const TOMBSTONE = { verb: "put", mode: "create", key: /^names\/a\/versions/ } as const;

async function loadable(registry: Registry): Promise<string[]> {
  return (await collect(registry.versions("a", { details: true }))).map(({ version }) => version);
}

testProtocol(
  "prune() keeps the newest valid version, not an expired record above it",
  {},
  async (world) => {
    await fill(world.registry, "a", 3);
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
  "prune() counts a version that is valid below an expired head",
  MUTABLE,
  async (world) => {
    await fill(world.registry, "a", 3);
    await makeVoid(world, { version: "3.0.0", onConflict: "overwrite" });
    const { deleted } = await prune((await world.open()).registry, { keepLast: 1 });
    assertEquals(deleted.map(({ version }) => version), ["2.0.0", "1.0.0"]);
    const { registry } = await world.open();
    assertEquals([await loadable(registry), await registry.load("a")], [["3.0.0"], 3]);
  },
);

testProtocol("prune() deletes a version below an expired head", MUTABLE, async (world) => {
  await fill(world.registry, "a", 2);
  await makeVoid(world, { version: "1.0.0", onConflict: "overwrite" });
  const { deleted, kept } = await prune((await world.open()).registry, { keepLast: 1 });
  assertEquals([deleted.map(({ version }) => version), kept], [["1.0.0"], 1]);
  assertEquals(await loadable((await world.open()).registry), ["2.0.0"]);
});

testProtocol("prune() uses the age of the valid record", MUTABLE, async (world) => {
  await fill(world.registry, "a", 2);
  world.advance(2 * GRACE_MS);
  await makeVoid(world, { version: "1.0.0", onConflict: "overwrite" }, filler("late"));
  for (const dryRun of [true, false]) {
    const { deleted } = await prune((await world.open()).registry, { olderThanMs: HOUR, dryRun });
    assertEquals(deleted.map(({ version }) => version), ["2.0.0", "1.0.0"]);
  }
});

testProtocol("an unreadable version is kept, not counted, and reported", {}, async (world) => {
  await fill(world.registry, "a", 5);
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

testProtocol("an unreadable alias keeps its name only", {}, async (world) => {
  await fill(world.registry, "a", 3);
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

testProtocol("prune() beside a delete of a kept version leaves one more", {}, async (world) => {
  await fill(world.registry, "a", 6);
  const { registry, backend } = await world.open();
  backend.answer(TOMBSTONE, followedBy(() => world.registry.delete("a@6")));
  const { deleted, kept } = await prune(registry, { keepLast: 1 });
  assertEquals(deleted.map(({ version }) => version), ["4.0.0", "3.0.0", "2.0.0", "1.0.0"]);
  assertEquals([kept, await loadable(world.registry)], [2, ["5.0.0"]]);
});

testProtocol("prune() keeps its choice when something is saved meanwhile", {}, async (world) => {
  await fill(world.registry, "a", 4);
  const { registry, backend } = await world.open();
  backend.answer(TOMBSTONE, doing(() => world.registry.save("a", "five")));
  await prune(registry, { keepLast: 1 });
  assertEquals(await loadable(world.registry), ["5.0.0", "4.0.0"]);
});

testProtocol("prune() keeps versions that were overwritten meanwhile", MUTABLE, async (world) => {
  await fill(world.registry, "a", 3);
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
      await fill(world.registry, "a", 3);
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
      assertEquals((await prune(world.registry, { keepLast: 1 })).deleted.length, 2);
    },
  );
}

testProtocol("prune() by age uses the store's clock", {}, async (world) => {
  await fill(world.registry, "a", 3);
  world.advance(HOUR);
  world.clocks.wall += GRACE_MS / 4 - HOUR;
  const report = await prune((await world.open()).registry, { olderThanMs: 2 * HOUR });
  assertEquals([report.clock, report.deleted], ["store", []]);
  assertEquals(await world.keys("scratch/"), []);
});

testProtocol("a read-only dry run uses and reports this machine's clock", {}, async (world) => {
  await fill(world.registry, "a", 3);
  const { registry, backend } = await world.open({ readOnly: true });
  world.clocks.wall += 30 * GRACE_MS;
  const report = await prune(registry, { olderThanMs: GRACE_MS, dryRun: true });
  assertEquals([report.clock, report.deleted.length], ["own", 3]);
  assertEquals(backend.asked({ verb: "put" }), []);
  assertEquals((await prune(registry, { keepLast: 1, dryRun: true })).clock, undefined);
});
