// Mirrors that look only at names that one of the registries changed.
import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import type { Backend } from "../../../../core/backend.ts";
import type { StoredRegistry } from "../../../../core/registry.ts";
import { createMemoryBackend, openRegistry, RegistryError } from "../../../../mod.ts";
import { changeRules } from "../../../../extensions/maintenance/mod.ts";
import { mirrorRegistry } from "../../../../extensions/mirrors/mod.ts";
import type { MirrorItem, MirrorOptions } from "../../../../extensions/mirrors/mod.ts";
import { annotate } from "../../../../registry/mod.ts";
import { withCounts } from "../../../bench/counted_backend.ts";
import { createScriptedSystem, type ScriptedSystem } from "../../../support/scripted_system.ts";
import { keysOf, noise } from "../../../registry/registries.ts";
import { withHooks } from "../../../registry/with_hooks.ts";

const MINUTE = 60_000;

interface World {
  system: ScriptedSystem;
  from: StoredRegistry;
  to: StoredRegistry;
  store: Backend;
  /** Mirrors a minute later, and returns the requests of both registries. */
  count(options?: MirrorOptions): Promise<Record<"lists" | "gets" | "puts", number>[]>;
}

async function createWorld(wrap: (backend: Backend) => Backend = (same) => same): Promise<World> {
  const system = createScriptedSystem();
  const store = createMemoryBackend({ system });
  const source = withCounts(createMemoryBackend({ system })), target = withCounts(wrap(store));
  const from = await openRegistry(source.backend, { system, mutable: true });
  const to = await openRegistry(target.backend, { system, mutable: true });
  const count: World["count"] = async (options) => {
    system.advance(MINUTE);
    for (const { calls } of [source, target]) calls.take();
    await mirrorRegistry(from, to, options);
    return [source, target].map(({ calls: { counts } }) => ({
      lists: counts.list ?? 0,
      gets: counts.get ?? 0,
      puts: counts.put ?? 0,
    }));
  };
  return { system, from, to, store, count };
}

/** A name that is equal in both, and noted as that. */
async function createNoted(): Promise<World> {
  const world = await createWorld();
  const { from } = world;
  for (const version of ["1", "2", "3"]) await from.save("a", `a ${version}`, { version });
  await from.setAlias("a", "live", "2");
  await annotate(from, "a@2", { labels: { stage: "live" } });
  await annotate(from, "a", { notes: "Of the name" });
  await from.delete("a@3");
  await from.save("b", "other");
  for (let run = 0; run < 2; run++) await world.count();
  assertEquals(await world.count(), [
    { lists: 1, gets: 0, puts: 0 },
    { lists: 2, gets: 1, puts: 0 },
  ]);
  return world;
}

const isTable = (key: string) => key.includes("/.names/");

Deno.test("a run without changes costs one pass over both, and one with some these more", async () => {
  const names = 1_200, changed = 10;
  const { from, to, count } = await createWorld();
  const nameOf = (n: number) => `data:${String(n).padStart(4, "0")}`;
  for (let n = 0; n < names; n++) await from.save(nameOf(n), n);
  const [first] = await count();
  assertLessOrEqual(first!.lists, names + 8);
  await count(); // looks at all that the first one wrote
  const quiet = await count();
  const passes = Math.ceil(names / 1_000) + 2;
  const [source, target] = quiet;
  assertLessOrEqual(source!.lists, passes);
  assertLessOrEqual(target!.lists, passes + 1); // and the pages of the table
  assertEquals([source!.gets, target!.puts], [0, 0]);
  assertLessOrEqual(target!.gets, 2);
  for (let n = 0; n < changed; n++) {
    await from.save(nameOf(n * 100), "next");
    await to.save(nameOf(n * 100 + 1), "own", { version: "9" });
  }
  for (let run = 0; run < 2; run++) {
    const [source, target] = await count();
    assertLessOrEqual(source!.lists + target!.lists, 2 * passes + 1 + 2 * 2 * changed);
    assertLessOrEqual(source!.gets + target!.gets, 4 + 4 * changed);
  }
  assertEquals(await count(), quiet);
});

Deno.test("names without changes are reported as names that were looked at", async () => {
  const { from, to } = await createNoted();
  const selections: MirrorOptions[] = [{}, { aliases: false }, { deleted: false }, { range: "^1" }];
  const reportOf = async (options: MirrorOptions) => {
    const items: MirrorItem[] = [];
    const steps: number[] = [];
    const report = await mirrorRegistry(from, to, {
      ...options,
      onItem: (item) => items.push(item),
      onProgress: ({ names, versions }) => steps.push(names, versions),
    });
    const texts = items.map((item) => JSON.stringify(item)).sort();
    return { report, texts, last: steps.slice(-2) };
  };
  for (const selection of selections) {
    await mirrorRegistry(from, to, selection); // notes all
    const { report, texts, last } = await reportOf(selection);
    assertEquals({ report, texts, last }, await reportOf({ ...selection, names: ["a", "b"] }));
    assertEquals(report.names, 2);
    assert(report.skipped > 0);
  }
});

const CHANGES: Record<string, (world: World) => Promise<unknown>> = {
  "a version of the source": ({ from }) => from.save("a", "new"),
  "another value of the source": ({ from }) =>
    from.save("a", "new", { version: "1", onConflict: "overwrite" }),
  "a deletion in the source": ({ from }) => from.delete("a@1"),
  "an alias of the source": ({ from }) => from.setAlias("a", "live", "1"),
  "an alias that the source removed": ({ from }) => from.deleteAlias("a", "live"),
  "notes of the source": ({ from }) => annotate(from, "a@1", { notes: "new" }),
  "a version that the source restored": ({ from }) => from.undelete("a@3"),
  "another value of the target": ({ to }) =>
    to.save("a", "own", { version: "1", onConflict: "overwrite" }),
  "a deletion in the target": ({ to }) => to.delete("a@1"),
  "an alias of the target": ({ to }) => to.setAlias("a", "live", "1"),
  "a record that the target lost": async ({ store }) => {
    for (const key of await keysOf(store, "names/a/versions/")) await store.delete(key);
  },
  "all records that the target lost": async ({ store }) => {
    for (const key of await keysOf(store, "names/")) await store.delete(key);
  },
};

for (const [what, change] of Object.entries(CHANGES)) {
  Deno.test(`a mirror sees ${what}, and notes the name again`, async () => {
    const world = await createNoted();
    const { system, from, to, count } = world;
    system.advance(MINUTE);
    await change(world);
    system.advance(MINUTE);
    const { versions: _, ...seen } = await mirrorRegistry(from, to, { dryRun: true });
    const { versions: __, ...all } = await mirrorRegistry(from, to, {
      dryRun: true,
      verify: true,
    });
    assertEquals(seen, all);
    await count();
    system.advance(MINUTE);
    const { copied, deleted, aliases, annotations } = await mirrorRegistry(from, to, {
      verify: true,
    });
    assertEquals([copied, deleted, aliases, annotations], [0, 0, 0, 0]);
    assertEquals((await count())[1]!.gets, 1);
  });
}

Deno.test("a name that fails is looked at, and fails, each time", async () => {
  const { system, from, to } = await createNoted();
  await changeRules(to, { set: { pattern: "a", protect: true } });
  await from.delete("a@1", { force: true });
  for (let run = 0; run < 3; run++) {
    system.advance(MINUTE);
    const { failures, versions } = await mirrorRegistry(from, to);
    assertEquals([failures.length, versions], [1, 4]);
  }
  await changeRules(to, { remove: "a" });
  assertEquals((await mirrorRegistry(from, to)).deleted, 1);
});

Deno.test("a name that a pass cannot list is looked at, and others are reported once", async () => {
  const system = createScriptedSystem();
  const inner = createMemoryBackend({ system });
  const failing = { times: 0 };
  const source: Backend = {
    ...inner,
    async *list(prefix, options) {
      for await (const entry of inner.list(prefix, options)) {
        const isPass = prefix === "names/" && options?.delimiter === undefined;
        if (isPass && failing.times > 0 && "key" in entry && entry.key.startsWith("names/b/")) {
          failing.times--;
          const fault = { message: "Cannot list", hint: "Be allowed to.", key: "names/b/" };
          throw new RegistryError({ code: "Denied", ...fault });
        }
        yield entry;
      }
    },
  };
  const from = await openRegistry(source, { system });
  const to = await openRegistry(createMemoryBackend({ system }), { system });
  for (const name of ["a", "b", "c"]) await from.save(name, name);
  for (let run = 0; run < 3; run++) {
    system.advance(MINUTE);
    await mirrorRegistry(from, to);
  }
  await from.save("b", "next");
  for (const times of [1, 1_000]) {
    failing.times = times;
    const items: string[] = [];
    const onItem = ({ name, version, action }: MirrorItem) =>
      void items.push(`${action} ${name}@${version}`);
    const { names } = await mirrorRegistry(from, to, { onItem, dryRun: times === 1 });
    assertEquals([names, items.length], [3, new Set(items).size]);
    assertEquals(items.filter((item) => !item.startsWith("skipped")), ["copied b@2.0.0"]);
  }
});

Deno.test("verify looks at all names, and one with damage is not noted", async () => {
  const { system, from, to, store } = await createWorld();
  for (const name of ["a", "b"]) await from.save(name, noise(100_000));
  for (let run = 0; run < 3; run++) {
    system.advance(MINUTE);
    await mirrorRegistry(from, to);
  }
  for (const key of await keysOf(store, "objects/a/")) await store.put(key, noise(100_000, 2));
  for (let run = 0; run < 2; run++) {
    const { failures } = await mirrorRegistry(from, to, { verify: true });
    assertEquals(failures.map(({ name, error }) => [name, error.code]), [["a", "Corrupt"]]);
  }
  const [table] = (await keysOf(store, "mirrors/")).filter(isTable);
  const text = new TextDecoder().decode(await (await store.get(table!))!.bytes());
  assertEquals(["a", "b"].map((name) => text.includes(`"${name}":`)), [false, true]);
});

Deno.test("names that were written within ten seconds are not noted", async () => {
  const { system, from, to, store } = await createWorld();
  await from.save("a", 1);
  for (let run = 0; run < 3; run++) {
    await mirrorRegistry(from, to);
    system.advance(2_000);
  }
  assertEquals((await keysOf(store, "mirrors/")).filter(isTable), []);
});

Deno.test("a table with any content skips no change", async () => {
  const { from, to, store, system } = await createNoted();
  const [key] = (await keysOf(store, "mirrors/")).filter(isTable);
  const now = await (await store.get(key!))!.bytes();
  await mirrorRegistry(from, to, { range: "^2" });
  const ranged = (await keysOf(store, "mirrors/")).filter((other) =>
    isTable(other) && other !== key
  );
  await from.save("a", "next", { version: "1", onConflict: "overwrite" });
  await to.save("b", "own", { version: "1", onConflict: "overwrite" });
  system.advance(MINUTE);
  const tables = [
    now, // older than the changes
    now.slice(0, -9),
    new TextEncoder().encode("[]"),
    await (await store.get(ranged[0]!))!.bytes(),
    new Uint8Array(),
  ];
  for (const table of tables) {
    await store.put(key!, table);
    const { copied } = await mirrorRegistry(from, to, { dryRun: true });
    assertEquals(copied, 2);
  }
});

Deno.test("a table of one selection of versions is not used for another", async () => {
  const { from, to, store, count } = await createWorld();
  for (const version of ["1", "2"]) await from.save("a", version, { version });
  for (let run = 0; run < 3; run++) await count({ range: "^1" });
  const [key] = (await keysOf(store, "mirrors/")).filter(isTable);
  const table = await (await store.get(key!))!.bytes();
  assertEquals((await mirrorRegistry(from, to, { dryRun: true })).copied, 1);
  await to.delete("a", { allVersions: true });
  for (let run = 0; run < 3; run++) await count({ deleted: false });
  for (const other of (await keysOf(store, "mirrors/")).filter(isTable)) {
    await store.put(other, table);
  }
  assertEquals((await mirrorRegistry(from, to, { dryRun: true, deleted: false })).copied, 0);
});

Deno.test("a mirror that cannot write or read its table works without", async () => {
  const refused = { verb: "" };
  const before = ({ verb, key }: { verb: string; key: string }) => {
    if (verb !== refused.verb || !isTable(key)) return;
    throw new RegistryError({ code: "Denied", message: "Cannot write", hint: "Be allowed to." });
  };
  const { from, to, count } = await createWorld((backend) => withHooks(backend, { before }));
  await from.save("a", 1);
  for (const verb of ["put", "put", "get", "get", ""]) {
    refused.verb = verb;
    await count();
    assertEquals(await to.load("a"), 1);
  }
  assertEquals((await count())[1]!.gets, 1);
});

Deno.test("a small mirror into a large registry does not list all of that", async () => {
  const { from, to, count } = await createWorld();
  await from.save("m", 1);
  for (let run = 0; run < 3; run++) await count({ rename: (name) => `team/${name}` });
  for (let n = 0; n < 2_500; n++) await to.save(`data:${n}`, n);
  const [, target] = await count({ rename: (name) => `team/${name}` });
  assertLessOrEqual(target!.lists, 3);
  for (const name of ["a", "z"]) await from.save(name, 1);
  for (let run = 0; run < 3; run++) await count();
  const [, all] = await count();
  assertLessOrEqual(all!.lists, 9);
});
