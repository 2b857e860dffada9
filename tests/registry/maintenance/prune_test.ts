import { assertEquals, assertMatch } from "@std/assert";
import { prune } from "../../../registry/maintenance.ts";
import type { Registry } from "../../../core/registry.ts";
import { collect, rejected } from "../rejected.ts";
import { withHooks } from "../with_hooks.ts";
import { withAge } from "../with_age.ts";
import { keysOf, testInMemory, testOnEach } from "../registries.ts";

const DAY_MS = 24 * 3_600_000;

async function fill(registry: Registry, name: string, count: number): Promise<void> {
  for (let i = 1; i <= count; i++) await registry.save(name, i);
}

async function versionsOf(registry: Registry, name: string): Promise<string[]> {
  return (await collect(registry.versions(name))).map(({ version }) => version);
}

testOnEach("prune() keeps so many of the newest versions of each name", async ({ registry }) => {
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

testOnEach(
  "prune() keeps what an alias names, unless it is told otherwise",
  async ({ registry }) => {
    await fill(registry, "a", 4);
    await registry.setAlias("a", "production", "2");
    for (const dryRun of [true, false]) {
      const { deleted, kept } = await prune(registry, { keepLast: 1, dryRun });
      assertEquals([deleted.map(({ version }) => version), kept], [["3.0.0", "1.0.0"], 2]);
    }
    assertEquals(await versionsOf(registry, "a"), ["4.0.0", "2.0.0"]);
    await prune(registry, { keepLast: 1, keepAliased: false });
    assertEquals(await versionsOf(registry, "a"), ["4.0.0"]);
  },
);

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

testOnEach(
  "prune() lets go only what is older than it says, and what every rule lets go",
  async ({ registry, open }) => {
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
  },
);

testOnEach(
  "prune() looks only at the names that are given, and deletes nothing when it is dry",
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

testOnEach(
  "prune() leaves a version that is damaged, and names it",
  async ({ registry, backend }) => {
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
    assertMatch(failures[0].hint!, /copy/);
  },
);

testInMemory(
  "prune() refuses to run without a rule, with a bad one, or read-only",
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
