import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { compareVersions, parseVersion } from "../../../core/naming/versions.ts";
import { collect, rejected } from "../rejected.ts";
import { recordCalls, withHooks } from "../with_hooks.ts";
import { testInMemory, testOnEach } from "../registries.ts";

const VERSIONS = [
  "1.0.0",
  "2.0.0-rc.1",
  "1.10.0",
  "2.0.0",
  "1.2.0",
  "2.0.0-rc.10",
  "3.0.0-alpha",
  "0.1.0",
  "10.0.0",
];
const NEWEST_FIRST = [
  "10.0.0",
  "3.0.0-alpha",
  "2.0.0",
  "2.0.0-rc.10",
  "2.0.0-rc.1",
  "1.10.0",
  "1.2.0",
  "1.0.0",
  "0.1.0",
];

async function versionsOf(entries: AsyncIterable<{ version: string }>): Promise<string[]> {
  return (await collect(entries)).map(({ version }) => version);
}

testOnEach(
  "versions() lists releases and prereleases together, newest first",
  async ({ registry }) => {
    for (const version of VERSIONS) await registry.save("a", version, { version });
    assertEquals(await versionsOf(registry.versions("a")), NEWEST_FIRST);
    assertEquals(await versionsOf(registry.versions("a", { limit: 3 })), NEWEST_FIRST.slice(0, 3));
    assertEquals(await versionsOf(registry.versions("a", { limit: 0 })), []);
    assertEquals(await versionsOf(registry.versions("b")), []);
  },
);

testOnEach(
  "versions() takes a range, which has prereleases only of the numbers that it names",
  async ({ registry }) => {
    for (const version of VERSIONS) await registry.save("a", version, { version });
    const ranges: Record<string, string[]> = {
      "^1": ["1.10.0", "1.2.0", "1.0.0"],
      "~1.2": ["1.2.0"],
      ">=2": ["10.0.0", "2.0.0"],
      ">=2.0.0-rc.2": ["10.0.0", "2.0.0", "2.0.0-rc.10"],
      "^3.0.0-0": ["3.0.0-alpha"],
      "<0.1": [],
      "1.x || 10": ["10.0.0", "1.10.0", "1.2.0", "1.0.0"],
      "2.0.0": ["2.0.0"],
    };
    for (const [range, expected] of Object.entries(ranges)) {
      assertEquals(await versionsOf(registry.versions("a", { range })), expected, range);
    }
    assertEquals(await versionsOf(registry.versions("a", { range: "^1", limit: 2 })), [
      "1.10.0",
      "1.2.0",
    ]);
    await rejected("Invalid", collect(registry.versions("a", { range: "newest" })));
    await rejected("Invalid", collect(registry.versions("a", { range: "^".repeat(1000) })));
  },
);

testOnEach(
  "versions() says how often and when a version was written, and its info with details",
  async ({ registry }) => {
    await registry.save("a", 1, { version: "1", metadata: { x: 1 } });
    const saved = await registry.save("a", 2, {
      version: "1",
      onConflict: "overwrite",
      metadata: { x: 2 },
    });
    const [plain] = await collect(registry.versions("a"));
    assertEquals([plain.name, plain.version, plain.generation, plain.info], [
      "a",
      "1.0.0",
      2,
      undefined,
    ]);
    assert(Math.abs(plain.modifiedAt.getTime() - saved.createdAt.getTime()) < 5_000);
    const [detailed] = await collect(registry.versions("a", { details: true }));
    assertEquals(detailed.info, await registry.info("a"));
    assertEquals(detailed.info?.metadata, { x: 2 });
  },
  { mutable: true },
);

testOnEach(
  "versions() leaves out what was deleted, without reading any record",
  async ({ registry, open }) => {
    for (const version of VERSIONS) await registry.save("a", version, { version });
    await registry.delete("a@2");
    await registry.delete("a@3.0.0-alpha");
    const calls: string[] = [];
    const watched = await open({}, (inner) => withHooks(inner, recordCalls(calls)));
    calls.length = 0;
    const expected = NEWEST_FIRST.filter((version) => !["2.0.0", "3.0.0-alpha"].includes(version));
    assertEquals(await versionsOf(watched.versions("a")), expected);
    assertEquals(calls, ["list", "list"]);
  },
);

testOnEach(
  "the latest of 300 versions costs the calls that it costs at 3",
  async ({ registry, open }) => {
    const calls: string[] = [];
    const watched = await open({}, (inner) => withHooks(inner, recordCalls(calls)));
    const counts: string[][] = [];
    for (const count of [3, 300]) {
      for (let i = 1; i <= count; i++) await registry.save(`of ${count}`, i, { version: `${i}` });
      calls.length = 0;
      assertEquals(await watched.load(`of ${count}`), count);
      counts.push([...calls]);
    }
    assertEquals(counts, [["list", "get"], ["list", "get"]]);
  },
);

testOnEach(
  "versions() of a registry without versions is the one that there is",
  async ({ registry }) => {
    await registry.save("a", 1);
    assertEquals(await versionsOf(registry.versions("a")), ["1.0.0"]);
    assertEquals(await versionsOf(registry.versions("a", { range: "^1" })), ["1.0.0"]);
    await registry.delete("a", { allVersions: true });
    assertEquals(await versionsOf(registry.versions("a")), []);
  },
  { versioned: false },
);

testInMemory(
  "versions() and latest order any versions as semantic versioning does",
  async ({ registry }) => {
    const number = fc.oneof(
      fc.nat({ max: 12 }),
      fc.maxSafeNat().filter((number) => number < Number.MAX_SAFE_INTEGER),
    );
    const identifier = fc.oneof(
      fc.nat({ max: 30 }).map(String),
      fc.stringMatching(/^[a-zA-Z-][a-zA-Z0-9-]{0,4}$/),
    );
    const version = fc.tuple(
      fc.tuple(number, number, number),
      fc.array(identifier, { maxLength: 3 }),
    )
      .map(([numbers, pre]) => numbers.join(".") + (pre.length === 0 ? "" : `-${pre.join(".")}`));
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(version, { maxLength: 12 }), async (versions) => {
        const name = `run-${run++}`;
        await Promise.all(versions.map((version) => registry.save(name, version, { version })));
        const sorted = versions.map(parseVersion).sort((a, b) => compareVersions(b, a));
        assertEquals(
          await versionsOf(registry.versions(name)),
          sorted.map(({ canonical }) => canonical),
        );
        const latest = sorted.find(({ prerelease }) => !prerelease) ?? sorted[0];
        assertEquals(await registry.get(name), latest?.canonical);
      }),
      { numRuns: 100 },
    );
  },
);

testInMemory(
  "without versions there is the first alone: any other is NotFound",
  async ({ registry }) => {
    await registry.save("a", "one");
    assertEquals(await registry.load("a@1.0.0"), "one");
    for (const ref of ["a@2.0.0", "a@1.0.1", "a@1.0.0-rc.1"]) {
      await rejected("NotFound", registry.load(ref));
      assertEquals(await registry.has(ref), false);
    }
  },
  { versioned: false },
);
