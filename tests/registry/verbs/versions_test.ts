import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { compareVersions, parseVersion } from "../../../core/naming/versions.ts";
import { collect, rejected } from "../rejected.ts";
import { recordCalls, withHooks } from "../with_hooks.ts";
import { testInMemory, testOnEach } from "../registries.ts";

const VERSIONS = [
  ..."1.0.0 2.0.0-rc.1 1.10.0 2.0.0 1.2.0 2.0.0-rc.10 3.0.0-alpha 0.1.0 10.0.0".split(" "),
];
const NEWEST_FIRST = [
  ..."10.0.0 3.0.0-alpha 2.0.0 2.0.0-rc.10 2.0.0-rc.1 1.10.0 1.2.0 1.0.0 0.1.0".split(" "),
];

async function versionsOf(entries: AsyncIterable<{ version: string }>): Promise<string[]> {
  return (await collect(entries)).map(({ version }) => version);
}

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
