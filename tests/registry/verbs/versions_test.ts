import { asMap } from "../../../registry/contract/map.ts";
import fc from "fast-check";
import { assertEquals } from "@std/assert";
import {
  compareVersions,
  inRange,
  parseVersion,
  parseVersionRange,
} from "../../../core/naming/versions.ts";
import { wrapCalls } from "../../../core/work/wrap_backend.ts";
import { collect, rejected } from "../rejected.ts";
import { recordCalls, withHooks } from "../with_hooks.ts";
import { keysOf, noise, testInMemory, testOnEach } from "../registries.ts";
import { readAll } from "../../../core/bytes/bytes.ts";
import { aliasesOf } from "../../conformance/registry/registry_case.ts";
import { casesOfRun } from "../../support/seeds.ts";

const VERSIONS = [
  ..."1.0.0 2.0.0-rc.1 1.10.0 2.0.0 1.2.0 2.0.0-rc.10 3.0.0-alpha 0.1.0 10.0.0".split(" "),
];
const NEWEST_FIRST = [
  ..."10.0.0 3.0.0-alpha 2.0.0 2.0.0-rc.10 2.0.0-rc.1 1.10.0 1.2.0 1.0.0 0.1.0".split(" "),
];

async function versionsOf(entries: AsyncIterable<{ version: string }>): Promise<string[]> {
  return (await collect(entries)).map(({ version }) => version);
}

testOnEach("versions() omits deleted ones, reads no record", async ({ registry, open }) => {
  for (const version of VERSIONS) await registry.save("a", version, { version });
  await registry.delete("a@2");
  await registry.delete("a@3.0.0-alpha");
  const calls: string[] = [];
  const watched = await open({}, (inner) => withHooks(inner, recordCalls(calls)));
  calls.length = 0;
  const expected = NEWEST_FIRST.filter((version) => !["2.0.0", "3.0.0-alpha"].includes(version));
  assertEquals(await versionsOf(watched.versions("a")), expected);
  assertEquals(calls, ["list", "list"]);
});

testOnEach(
  "versions() in a range are those of all versions that are in it",
  async ({ registry }) => {
    const numbers = "0.9.0 1.0.0 1.0.1 1.2.3 1.10.0 2.0.0 2.0.1 10.0.0 10.0.1 100.0.0".split(" ");
    const all = numbers.flatMap((version) => [`${version}-rc.1`, `${version}-rc.10`, version]);
    for (const [i, version] of all.entries()) {
      await registry.save("a", version, { version });
      if (i % 2 === 0) await registry.delete(`a@${version}`);
    }
    const sorted = all.map(parseVersion).sort((a, b) => compareVersions(b, a));
    const ranges = ["1.x", "^1.2.3-rc.1", "<2.0.0-rc.10", ">=2 <10.0.1", ">3 <2", "1 || 10", "*"];
    for (const range of [...ranges, "=1.0.1", "<=10.0.0", ">2.0.0-rc.1 <2.0.1 || 0.9.0-rc.10"]) {
      for (const after of [undefined, "11.0.0", "2.0.1", "2.0.0-rc.10", "1.0.0", "0.1.0"]) {
        for (const deleted of [false, true]) {
          const expected = sorted.filter((version) =>
            all.indexOf(version.canonical) % 2 === (deleted ? 0 : 1) &&
            inRange(version, parseVersionRange(range)) &&
            (after === undefined || compareVersions(version, parseVersion(after)) < 0)
          );
          assertEquals(
            await versionsOf(registry.versions("a", { range, after, deleted })),
            expected.map(({ canonical }) => canonical),
            JSON.stringify({ range, after, deleted }),
          );
        }
      }
    }
  },
);

testInMemory("versions() lists no more than it shows", async ({ registry, open }) => {
  for (let n = 1; n <= 60; n++) await registry.save("a", n, { version: `${n}.0.0` });
  for (const version of [57, 58, 3]) await registry.delete(`a@${version}.0.0`);
  let lists = 0;
  const watched = await open({}, (inner) =>
    wrapCalls(inner, async ({ method }, act) => {
      if (method === "list") lists++;
      return await act(undefined);
    }, { pageEntries: 5 }));
  const count = async (options: Parameters<typeof registry.versions>[1]) => {
    lists = 0;
    const versions = await versionsOf(watched.versions("a", options));
    return [...versions, lists];
  };
  assertEquals(await count({ range: "20.x" }), ["20.0.0", 1]);
  assertEquals(await count({ range: "<21", limit: 2 }), ["20.0.0", "19.0.0", 1]);
  assertEquals(await count({ range: "3.x", deleted: true }), ["3.0.0", 2]);
  assertEquals(await count({ deleted: true, limit: 1 }), ["58.0.0", 3]);
  assertEquals(await count({ range: ">70 <65" }), [0]);
});

testOnEach("latest costs the same for 3 and 300 versions", async ({ registry, open }) => {
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
});

testOnEach("versions() without versions lists the one value", async ({ registry }) => {
  await registry.save("a", 1);
  assertEquals(await versionsOf(registry.versions("a")), ["1.0.0"]);
  assertEquals(await versionsOf(registry.versions("a", { range: "^1" })), ["1.0.0"]);
  await registry.delete("a", { allVersions: true });
  assertEquals(await versionsOf(registry.versions("a")), []);
}, { versioned: false });

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
      { numRuns: casesOfRun(100) },
    );
  },
);

testInMemory("without versions, any other version is NotFound", async ({ registry }) => {
  await registry.save("a", "one");
  assertEquals(await registry.load("a@1.0.0"), "one");
  for (const ref of ["a@2.0.0", "a@1.0.1", "a@1.0.0-rc.1"]) {
    await rejected("NotFound", registry.load(ref));
    assertEquals(await registry.has(ref), false);
  }
}, { versioned: false });

testOnEach("concurrent setAlias() calls all succeed", async ({ registry, backend }) => {
  for (let i = 1; i <= 8; i++) await registry.save("a", i, { version: `${i}` });
  await Promise.all(Array.from({ length: 8 }, (_, i) => registry.setAlias("a", "p", `${i + 1}`)));
  assertEquals((await keysOf(backend, "names/a/aliases/")).length, 8);
  assertEquals(Object.keys(await aliasesOf(registry, "a")), ["p"]);
});

testOnEach("delete() with ifCommit works without versions", async ({ registry }) => {
  const { commit } = await registry.save("a", 1);
  await rejected("Conflict", registry.delete("a", { allVersions: true, ifCommit: "another" }));
  assertEquals(await registry.delete("a", { allVersions: true, ifCommit: commit }), true);
  await rejected("AlreadyExists", registry.save("a", 2));
}, { versioned: false });

testOnEach("delete() removes a damaged version", async ({ registry, backend }) => {
  for (const version of ["1", "2"]) await registry.save("a", version, { version });
  const [newest] = await keysOf(backend, "names/a/versions/");
  await backend.put(newest, new TextEncoder().encode("not a record"));
  await rejected("Corrupt", registry.load("a"));
  assertEquals(await registry.delete("a@2"), true);
  assertEquals(await registry.load("a"), "1");
  assertEquals((await registry.save("a", "3")).version, "3.0.0");
});

testInMemory("delete() accepts the version beside a name", async ({ registry }) => {
  await registry.save("a", 1);
  await registry.save("a", 2);
  assertEquals(await registry.delete("a", { version: "1.0.0" }), true);
  assertEquals(await registry.get("a"), 2);
  await rejected("Invalid", registry.delete("a@2", { version: "2" }));
});

testInMemory("delete() of a bare name needs allVersions", async ({ registry }) => {
  await registry.save("a", 1);
  await rejected("Invalid", registry.delete("a"), /allVersions: true/);
  await rejected("Invalid", registry.delete("a@1", { allVersions: true }));
  assertEquals(await registry.has("a@1"), true);
  assertEquals(await registry.delete("a", { allVersions: true }), true);
});

testInMemory("delete() of a bare name works without versions", async ({ registry }) => {
  await asMap(registry).set("a", 1);
  assertEquals(await registry.delete("a"), true);
}, { versioned: false });

testOnEach("copy() within a name stores no byte again", async ({ registry, backend }) => {
  await registry.save("a", noise(700_000));
  const before = await keysOf(backend, "objects/");
  await registry.copy("a@1", "a@9");
  assertEquals(await keysOf(backend, "objects/"), before);
  await registry.delete("a@1");
  assertEquals(await registry.load("a@9"), noise(700_000));
});

testOnEach("copy() of a compressed value is equal", async ({ registry }) => {
  const value = new Uint8Array(700_000).fill(3);
  const from = await registry.save("a", value, { compress: "zstd" });
  assertEquals((await registry.copy("a", "b")).digest, from.digest);
  assertEquals((await registry.copy("a", "a")).digest, from.digest);
  assertEquals(await registry.load("b"), value);
  assertEquals(await registry.load("a@2"), value);
  assertEquals(
    (await readAll((await registry.open("a@2")).file("data.bin").stream())).byteLength,
    700_000,
  );
});

testOnEach("copy() of damaged bytes is not readable", async ({ registry, backend, open }) => {
  await registry.save("a", noise(700_000));
  for (const key of await keysOf(backend, "objects/")) await backend.put(key, noise(700_000, 2));
  const careless = await open({ verify: "none" });
  const outcome = await careless.copy("a", "b").catch((error) => error);
  // With copy(), no byte is read.
  if (backend.copy === undefined) assertEquals(outcome.code, "Corrupt");
  else await rejected("Corrupt", registry.load("b"));
  for (const key of await keysOf(backend, "objects/a/")) await backend.put(key, noise(600_000));
  await rejected("Corrupt", registry.copy("a", "c"));
  assertEquals(await registry.has("c"), false);
  assertEquals(await keysOf(backend, "objects/c/"), []);
});

testOnEach("copy() reports the bytes it adds", async ({ registry, backend }) => {
  const saved = await registry.save("a", noise(700_000));
  const { addedBytes, digest } = await registry.copy("a", "b");
  assertEquals(digest, saved.digest);
  const hasLinks = backend.copy !== undefined;
  assertEquals(Math.floor(addedBytes! / 700_000), hasLinks ? 0 : 1);
  assertEquals(Math.floor((await registry.copy("a", "a")).addedBytes! / 700_000), 0);
  assertEquals(Math.floor(saved.addedBytes! / 700_000), 1);
  await registry.delete("a", { allVersions: true });
  for (const key of await keysOf(backend, "objects/a/")) await backend.delete(key);
  assertEquals(await registry.load("b"), noise(700_000));
});
