import { assert, assertEquals, assertMatch, assertRejects, assertStrictEquals } from "@std/assert";
import { prune } from "../../../extensions/maintenance/pruning/mod.ts";
import { collectGarbage } from "../../../extensions/maintenance/mod.ts";
import { verifyRegistry } from "../../../apps/maintenance.ts";
import type { VerifyProblem } from "../../../apps/maintenance.ts";
import { RegistryError } from "../../../core/errors.ts";
import type { AnyRecord, VersionRecord } from "../../../core/record.ts";
import { decodeRecord, encodeRecord } from "../../../registry/format/record_codec.ts";
import { checkWording, rejected } from "../../registry/rejected.ts";
import { withHooks } from "../../registry/with_hooks.ts";
import { keysOf, noise, testInMemory, testOnEach } from "../../registry/registries.ts";
import { makeVoid } from "../../registry/late_records.ts";
import {
  filler,
  GRACE_MS,
  type ProtocolWorld,
  testProtocol,
} from "../../registry/protocol_world.ts";
import { doing } from "../../registry/scripted_backend.ts";
import { aliasesOf } from "../../conformance/registry/registry_case.ts";

testOnEach("verifyRegistry() reads every file of every version", async ({ registry }) => {
  await registry.save("a", noise(400_000));
  await registry.save("a", noise(400_000), { compress: "gzip" });
  await registry.save("b", "text");
  await registry.save("b", "gone");
  await registry.delete("b@2");
  const refs: string[] = [];
  const report = await verifyRegistry(registry, { onProgress: ({ ref }) => refs.push(ref) });
  const unseen = { names: 0, files: 0, generations: 1, auxiliary: 0, strangers: 0 };
  const lineage = { notes: 0, stale: 0, dangling: 0 };
  assertEquals(report, {
    ok: true,
    versions: 3,
    records: 6,
    files: 3,
    bytes: 800_004,
    problems: [],
    lineage,
    unseen,
  });
  assertEquals(refs.sort(), ["a@1.0.0", "a@2.0.0", "b@1.0.0"]);
});

testOnEach("verifyRegistry() reports damage and continues", async ({ registry, backend }) => {
  for (const name of ["a", "b", "c"]) await registry.save(name, noise(400_000));
  const [record] = await keysOf(backend, "names/a/");
  const [payload] = await keysOf(backend, "objects/b/");
  await backend.put(record, noise(900));
  await backend.put(payload, noise(400_000, 2));
  const report = await verifyRegistry(registry);
  assertEquals([report.ok, report.versions], [false, 3]);
  assertEquals(report.problems.map(({ ref, key, code }) => [ref, key, code]), [
    ["a@1.0.0", record, "Corrupt"],
    ["b@1.0.0", payload, "Corrupt"],
  ]);
  for (const { code, message, hint } of report.problems) {
    checkWording(new RegistryError({ code, message, hint }));
  }
});

testOnEach(
  "verifyRegistry() verifies only the given names, or only records",
  async ({ registry, backend }) => {
    for (const name of ["a", "b"]) await registry.save(name, noise(400_000));
    const [payload] = await keysOf(backend, "objects/a/");
    await backend.put(payload, noise(400_000, 2));
    assertEquals((await verifyRegistry(registry, { names: ["b"] })).ok, true);
    const shallow = await verifyRegistry(registry, { deep: false });
    assertEquals([shallow.ok, shallow.versions, shallow.files], [true, 2, 0]);
    assertEquals((await verifyRegistry(registry)).ok, false);
  },
);

testInMemory(
  "verifyRegistry() finds a digest that does not match the files",
  async ({ registry, backend }) => {
    await registry.save("a", "one");
    const [key] = await keysOf(backend, "names/a/");
    const { record, inline } = decodeRecord(await (await backend.get(key))!.bytes(), key);
    await backend.put(
      key,
      encodeRecord({ ...record as VersionRecord, digest: "0".repeat(64) }, [inline]),
    );
    const { problems } = await verifyRegistry(registry);
    assertEquals(problems.map(({ code, key }) => [code, key]), [["Corrupt", key]]);
  },
);

testOnEach(
  "verifyRegistry() accepts concurrent overwrites and deletions",
  async ({ registry, open }) => {
    for (const name of ["a", "b"]) await registry.save(name, noise(400_000), { version: "1" });
    let changes = 0;
    const slow = await open({}, (inner) =>
      withHooks(inner, {
        async before({ verb, key }) {
          if (verb !== "get" || !key.startsWith("objects/") || changes++ > 0) return;
          await registry.save("a", "new", { version: "1", onConflict: "overwrite" });
          await registry.delete("b", { allVersions: true });
          // as after the grace
          for (const key of await keysOf(inner, "objects/")) await inner.delete(key);
        },
      }));
    const { ok, problems } = await verifyRegistry(slow);
    assert(ok, JSON.stringify(problems));
    assert(changes > 0);
  },
  { mutable: true },
);

testInMemory(
  "verifyRegistry() passes on each problem when it is found, also in a run that fails",
  async ({ registry, backend }) => {
    for (const name of ["a", "b"]) await registry.save(name, noise(400_000));
    for (const key of await keysOf(backend, "objects/")) await backend.put(key, noise(400_000, 2));
    const found: VerifyProblem[] = [];
    const onProblem = (problem: VerifyProblem) => void found.push(problem);
    assertEquals((await verifyRegistry(registry, { onProblem })).problems, found);
    const stopping = new AbortController();
    const { signal } = stopping;
    found.length = 0;
    const failing = verifyRegistry(registry, {
      signal,
      onProblem: (problem) => stopping.abort(onProblem(problem)),
    });
    await assertRejects(() => failing, DOMException);
    assertEquals(found.map(({ ref }) => ref), ["a@1.0.0", "b@1.0.0"]);
  },
);

testInMemory(
  "verifyRegistry() throws refusals of the store and abort reasons",
  async ({ registry, open }) => {
    await registry.save("a", noise(400_000));
    let refusing = false;
    const denied = await open({}, (inner) =>
      withHooks(inner, {
        before() {
          if (refusing) {
            throw new RegistryError({
              code: "Denied",
              message: "Cannot get: key expired",
              hint: "Sign in again.",
            });
          }
        },
      }));
    refusing = true;
    await rejected("Denied", verifyRegistry(denied));
    const signal = AbortSignal.abort(new Error("enough"));
    assertStrictEquals(
      await assertRejects(() => verifyRegistry(registry, { signal })),
      signal.reason,
    );
  },
);

testInMemory("verifyRegistry() of an unknown name is NotFound", async ({ registry }) => {
  await registry.save("a", 1);
  await rejected("NotFound", verifyRegistry(registry, { names: ["b"] }));
});

const MUTABLE = { mutable: true };
const NEW = new Uint8Array(3);

/** A name with each kind of record, twice where a cell may have two generations. */
async function fill({ registry }: ProtocolWorld): Promise<void> {
  for (const n of [1, 2]) {
    await registry.save("a", filler(`${n}`), { version: "1", onConflict: "overwrite" });
  }
  await registry.save("a", "two", { version: "2.0.0-rc.1", idempotencyKey: "k" });
  for (const version of ["1", "2.0.0-rc.1"]) await registry.setAlias("a", "live", version);
  await registry.save("a", "three", { version: "3" });
  await registry.delete("a@3");
}

async function problems({ registry }: Pick<ProtocolWorld, "registry">): Promise<string[][]> {
  return (await verifyRegistry(registry)).problems.map(({ ref, code, key }) => [ref, code, key]);
}

const REFS: [folder: string, ref: string][] = [
  ["names/a/aliases/", "a@live"],
  ["names/a/keys/", "a"],
  ["names/a/versions/final/p6", "a@3.0.0"],
  ["names/a/versions/final/p8", "a@1.0.0"],
  ["names/a/versions/prerelease/", "a@2.0.0-rc.1"],
  ["settings/", "settings"],
];

testProtocol("verifyRegistry() reads every record of every generation", MUTABLE, async (world) => {
  await fill(world);
  assertEquals(await problems(world), []);
  assertEquals((await verifyRegistry(world.registry)).records, 9);
  let seen = 0;
  for (const [folder, ref] of REFS) {
    for (const key of await world.keys(folder)) {
      const bytes = await (await world.store.get(key))!.bytes();
      await world.store.put(key, bytes.map((byte, i) => i === 30 ? byte ^ 1 : byte));
      assertEquals(await problems(world), [[ref, "Corrupt", key]], key);
      await world.store.put(key, bytes);
      seen++;
    }
  }
  assertEquals(seen, 9);
});

testProtocol(
  "verifyRegistry() advises how to fix an alias, and reports blocked garbage",
  {},
  async (world) => {
    const { registry, store } = world;
    await registry.save("a", 1);
    await registry.setAlias("a", "live", "1");
    const [key] = await world.keys("names/a/aliases/");
    await store.put(key, NEW);
    const hints = async () => (await verifyRegistry(registry)).problems.map(({ hint }) => hint);
    assertMatch((await hints()).join(), /registry\.setAlias\("a", "live", version\)$/);
    await registry.setAlias("a", "live", "1");
    assertEquals(await registry.load("a@live"), 1);
    assertMatch((await hints()).join(), /newer record/);
    assertEquals((await collectGarbage(registry)).failures.map((failure) => failure.key), [key]);
  },
);

testProtocol("verifyRegistry() finds misplaced records", MUTABLE, async (world) => {
  await fill(world);
  await world.registry.save("b", "other", { version: "1", idempotencyKey: "other" });
  await world.registry.setAlias("b", "other", "1");
  const all = await world.keys("names/a/");
  for (const key of all) {
    const bytes = await (await world.store.get(key))!.bytes();
    const { record } = decodeRecord(bytes, key);
    for (const other of [...await world.keys("names/b/"), ...await world.keys("settings/")]) {
      const moved = decodeRecord(await (await world.store.get(other))!.bytes(), other);
      const { generation } = record; // as the key says
      await world.store.put(
        key,
        encodeRecord({ ...moved.record, generation } as AnyRecord, [moved.inline]),
      );
      const found = await problems(world);
      assertEquals(found.map(([, code, at]) => [code, at]), [["Corrupt", key]]);
    }
    await world.store.put(key, bytes);
  }
  assertEquals(await problems(world), []);
});

testProtocol("verifyRegistry() finds records that differ in one member", MUTABLE, async (world) => {
  await fill(world);
  const others: [folder: string, change: object][] = [
    ["names/a/aliases/", { alias: "other" }],
    ["names/a/aliases/", { name: "b" }],
    ["names/a/keys/", { key: "other" }],
    ["names/a/versions/prerelease/", { version: "2.0.0-rc.2" }],
    ["settings/", { commit: world.system.id() }],
    ["names/a/versions/final/p8", { kind: "scrubbed" }], // not a first generation
  ];
  for (const [folder, change] of others) {
    const [key] = await world.keys(folder);
    const bytes = await (await world.store.get(key))!.bytes();
    const { record, inline } = decodeRecord(bytes, key);
    await world.store.put(key, encodeRecord({ ...record, ...change } as AnyRecord, [inline]));
    // an alias may name nothing then
    const found = (await problems(world)).filter(([, code]) => code === "Corrupt");
    assertEquals(found.map(([, , at]) => at), [key], JSON.stringify(change));
    await world.store.put(key, bytes);
  }
});

testProtocol("damage below an expired record is reported once", MUTABLE, async (world) => {
  const { store, keys } = world;
  await world.registry.save("a", "first", { version: "1" });
  await world.registry.setAlias("a", "live", "1");
  const [first] = await keys("names/a/versions/");
  const bytes = await (await store.get(first))!.bytes();
  await store.put(first, noise(300));
  const found = [["a@1.0.0", "Corrupt", first]];
  assertEquals(await problems(world), found);
  await store.put(first, bytes);
  await makeVoid(world);
  await store.put(first, noise(300));
  assertEquals(await problems(await world.open()), found);
});

testProtocol("an alias that moves during verification is not a problem", {}, async (world) => {
  for (const n of [1, 2]) await world.registry.save("a", n);
  await world.registry.setAlias("a", "live", "1");
  const { registry, backend } = await world.open();
  backend.answer({ verb: "get", key: /aliases/ }, async (act) => {
    const read = await act();
    await world.registry.setAlias("a", "live", "2");
    await world.registry.delete("a@1");
    return read;
  });
  const report = await verifyRegistry(registry);
  assertEquals([report.problems, await aliasesOf(world.registry, "a")], [[], { live: "2.0.0" }]);
});

testProtocol(
  "verifyRegistry() finds a first generation without its successors",
  MUTABLE,
  async (world) => {
    await world.registry.save("a", filler("1"), { version: "1" });
    await world.registry.save("a", filler("2"), { version: "1", onConflict: "overwrite" });
    world.advance(2 * GRACE_MS);
    await collectGarbage(world.registry);
    assertEquals(await problems(world), []);
    const [newest, first] = await world.keys("names/a/versions/");
    await world.store.delete(newest);
    assertEquals(await problems(world), [["a@1.0.0", "Corrupt", first]]);
  },
);

testProtocol("verifyRegistry() reports what it did not verify", MUTABLE, async (world) => {
  const { registry, store } = world;
  await fill(world);
  for (const name of ["b", "c"]) await registry.save(name, 1);
  const ours = ["scratch/mark-1", "uploads/1/0", "mirrors/x/a/a", "sets/a", "drafts/a/0"];
  const theirs = [
    "lineage/x/y",
    "readme.txt",
    "notes/of/ann.txt",
    "names/a/readme.txt",
    "names/A/x",
    "names/a/versions/final/zzz/1.rec",
  ];
  const among = ["objects/a/readme.txt", "objects/a/x/y/z"];
  for (const key of [...ours, ...theirs, ...among, "settings/other"]) await store.put(key, NEW);
  const { unseen, ok } = await verifyRegistry(registry);
  assertEquals([ok, unseen], [true, {
    names: 0,
    files: 0,
    generations: 2,
    auxiliary: 5,
    strangers: 9,
  }]);
  const shallow = await verifyRegistry(registry, { deep: false });
  assertEquals(shallow.unseen, { ...unseen, files: 4 });
  const one = await verifyRegistry(registry, { names: ["a"] });
  assertEquals(one.unseen, { names: 2, files: 0, generations: 2, auxiliary: 0, strangers: 5 });
});

const TOMBSTONE = { verb: "put", mode: "create", key: /versions/ } as const;

/**
 * Two versions, and a machine that sets an alias to the older one just before its deletion lands.
 */
async function beside(
  { registry, open }: ProtocolWorld,
): Promise<Awaited<ReturnType<typeof open>>> {
  for (const n of [1, 2]) await registry.save("a", n);
  const other = await open();
  other.backend.answer(TOMBSTONE, doing(() => registry.setAlias("a", "live", "1")));
  return other;
}

for (const how of ["delete", "prune"] as const) {
  testProtocol(
    `an alias that was set beside a ${how} is reported as deleted`,
    {},
    async (world) => {
      const other = await beside(world);
      if (how === "delete") assertEquals(await other.registry.delete("a@1"), true);
      else assertEquals((await prune(other.registry, { keepLast: 1 })).deleted.length, 1);
      const error = await rejected("NotFound", world.registry.load("a@live"));
      assertMatch(
        error.message,
        /^Cannot find "a@live": the alias points to version 1\.0\.0, which was deleted$/,
      );
      assertMatch(error.hint!, /setAlias\("a", "live", version\).*deleteAlias/);
      const { ok, problems } = await verifyRegistry(world.registry);
      assertEquals(ok, false);
      const [key] = await world.keys("names/a/aliases/");
      assertEquals(problems.map(({ ref, code, message, key }) => [ref, code, message, key]), [
        ["a@live", "NotFound", error.message, key],
      ]);
      await world.registry.setAlias("a", "live", "2");
      assertEquals((await verifyRegistry(world.registry)).ok, true);
    },
  );
}

testProtocol("an alias of an expired or missing version is reported", {}, async (world) => {
  const { registry, store, keys } = world;
  await registry.save("a", 1);
  await registry.setAlias("a", "live", "1");
  const [version] = await keys("names/a/versions/");
  await store.delete(version);
  assertMatch(
    (await rejected("NotFound", registry.load("a@live"))).message,
    /which does not exist$/,
  );
  await makeVoid(world, { version: "1.0.0" });
  assertMatch(
    (await rejected("NotFound", (await world.open()).registry.load("a@live"))).message,
    /which has expired$/,
  );
});
