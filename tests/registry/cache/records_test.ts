import { assert, assertEquals, assertMatch } from "@std/assert";
import { createMemoryBackend } from "../../../backends/memory.ts";
import { collectGarbage } from "../../../extensions/maintenance/mod.ts";
import { verifyRegistry } from "../../../apps/maintenance.ts";
import { isRegistryError, openRegistry, RegistryError } from "../../../mod.ts";
import { noteVoid } from "../../../registry/cell/voids.ts";
import { knownContext } from "../../../registry/operations/context.ts";
import { fileSet, filler, HOUR } from "../protocol_world.ts";
import { keysOf, noise } from "../registries.ts";
import { rejected } from "../rejected.ts";
import { withHooks } from "../with_hooks.ts";
import { busy, late } from "../scripted_backend.ts";
import { damage, testCached } from "./cached_world.ts";

testCached("latest, a range and an alias always ask the store what counts", async (world) => {
  const { registry, settle, asked } = world;
  await registry.save("a", filler("one"), { version: "1" });
  await registry.setAlias("a", "live", "1");
  await registry.load("a@1");
  await settle();
  for (const ref of ["a", "a@latest"]) {
    assertEquals(await asked(() => registry.load(ref)), ["list", "get"], ref);
  }
  for (const ref of ["a@^1", "a@=1.0.0"]) {
    assertEquals(await asked(() => registry.load(ref)), ["list", "get"], ref);
  }
  // prereleases are asked for too
  assertEquals(await asked(() => registry.load("a@>=1.0.0-rc.1")), ["list", "list", "get"]);
  assertEquals(await asked(() => registry.load("a@live")), ["list", "get", "get"]);
  await (await world.elsewhere()).registry.delete("a@1", { force: true });
  for (const ref of ["a", "a@latest", "a@^1", "a@live"]) {
    await rejected("NotFound", registry.load(ref));
  }
  await rejected("NotFound", registry.load("a@1", { verify: "full" }));
});

testCached(
  "a version that was deleted elsewhere may be loaded by its number until the cache learns of it",
  async (world) => {
    const { registry, settle } = world;
    await registry.save("a", filler("one"), { version: "1" });
    await registry.load("a@1");
    await settle();
    const { registry: elsewhere } = await world.elsewhere();
    await elsewhere.delete("a@1");
    assertEquals(await registry.load("a@1"), filler("one"));
    assertEquals(await registry.has("a@1"), false);
    await rejected("NotFound", registry.info("a@1"));
    await rejected("NotFound", registry.copy("a@1", "b"));
    await rejected("NotFound", registry.load("a@1", { verify: "full" }));
    await rejected("NotFound", registry.load("a@1"));
  },
);

testCached(
  "a deleted version is never loaded again by its deleter, nor through the same cache",
  async (world) => {
    const { registry, settle } = world;
    await registry.save("a", "one", { version: "1" });
    await registry.save("b", "one", { version: "1" });
    const { registry: other } = await world.open();
    await other.load("a@1");
    await other.load("b@1");
    await settle();
    await registry.delete("a@1");
    await registry.delete("b", { allVersions: true });
    for (const ref of ["a@1", "b@1"]) {
      for (const by of [registry, other]) {
        await rejected("NotFound", by.load(ref));
      }
    }
  },
);

testCached(
  "a deleted version is never loaded again by its deleter, even if the cache could not be updated",
  async (world) => {
    const { registry, cache, settle } = world;
    await registry.save("a", "one", { version: "1" });
    await registry.load("a@1");
    await settle();
    cache.answerAll({ verb: "delete" }, busy);
    await registry.delete("a@1");
    assertEquals((await world.cached("records/")).length, 1);
    await rejected("NotFound", registry.load("a@1"));
  },
);

testCached(
  "a load that began before a deletion by the same program does not cache what it read",
  async (world) => {
    const { registry, backend, settle } = world;
    await registry.save("a", "one", { version: "1" });
    backend.answer({ verb: "get" }, async (act) => {
      const found = await act();
      await registry.delete("a@1");
      return found;
    });
    assertEquals(await registry.load("a@1"), "one");
    await settle();
    await rejected("NotFound", registry.load("a@1"));
    assertEquals(await world.cached("records/"), []);
  },
);

testCached("a mutable registry caches no record", { mutable: true }, async (world) => {
  const { registry, settle, asked } = world;
  await registry.save("a", filler("one"), { version: "1" });
  await registry.load("a@1");
  await settle();
  assertEquals(await world.cached("records/"), []);
  assertEquals(await asked(() => registry.load("a@1")), ["list", "get"]);
  await (await world.elsewhere()).registry.save("a", filler("two"), {
    version: "1",
    onConflict: "overwrite",
  });
  assertEquals(await registry.load("a@1"), filler("two"));
});

testCached("a record that landed late is not cached: it may come not to count", async (world) => {
  const { registry, backend } = await world.open({ retryForMs: 1000 });
  const record = late();
  backend.answer({ verb: "put", mode: "create", key: /versions/ }, record.answer);
  backend.answerAll({ verb: "get", key: /versions/ }, busy);
  await rejected("Unknown", registry.save("a", filler("late"), { version: "1" }));
  world.system.advance(20 * HOUR);
  await record.land();
  assertEquals(await world.registry.load("a@1"), filler("late"));
  await world.settle();
  assertEquals(await world.cached("records/"), []);
  noteVoid(knownContext(world.registry)!, (await keysOf(world.store, "names/a/versions/"))[0]);
  await rejected("NotFound", world.registry.load("a@1"));
});

testCached(
  "a cached version whose payload is gone from the store is what the store says",
  async (world) => {
    const { registry, settle } = world;
    await registry.save("a", filler("one"), { version: "1" });
    await registry.load("a@1");
    await settle();
    const handle = await registry.open("a@1");
    const elsewhere = await world.elsewhere();
    await elsewhere.registry.delete("a@1");
    world.system.advance(72 * HOUR);
    await collectGarbage(elsewhere.registry);
    for (const key of await world.cached("files/")) await world.cacheStore.delete(key);
    await rejected("Conflict", handle.files()[0].bytes());
    await rejected("NotFound", registry.load("a@1"));
    assertEquals(await world.cached("records/"), []);
  },
);

testCached(
  "with full a record that is not the store's head any more is read there",
  async (world) => {
    const { registry, settle, asked } = world;
    await registry.save("a", "one", { version: "1" });
    await registry.load("a@1");
    await settle();
    const [key] = await keysOf(world.store, "names/a/versions/");
    const bytes = await (await world.store.get(key))!.bytes();
    world.system.advance(1000);
    await world.store.put(key, bytes); // as a restored copy has another time
    assertEquals(await asked(() => registry.load("a@1", { verify: "full" })), [
      "list",
      "list",
      "get",
    ]);
    await settle();
    assertEquals(await asked(() => registry.load("a@1", { verify: "full" })), ["list"]);
  },
);

testCached("a version whose record was damaged loads again once it is repaired", async (world) => {
  const { registry, store, settle } = world;
  const value = noise(20_000);
  await registry.save("a", value, { version: "1" });
  const [key] = await keysOf(store, "names/a/versions/");
  const right = (await (await store.get(key!))!.bytes()).slice();
  await damage(store, key!);
  await rejected("Corrupt", registry.load("a@1"));
  await settle();
  await store.put(key!, right);
  for (const reader of [registry, (await world.open()).registry]) {
    assertEquals(await reader.load("a@1"), value);
  }
});

testCached("a damaged record is fetched again, replaced, and reported", async (world) => {
  const { registry, settle, asked, warnings } = world;
  await registry.save("a", "one", { version: "1" });
  await registry.save("b", "two", { version: "1" });
  for (const how of ["flip", "cut", "other"] as const) {
    await registry.load("a@1");
    await settle();
    const [key] = await world.cached("records/");
    if (how === "other") {
      await registry.load("b@1");
      await settle();
      const other = (await world.cached("records/")).find((candidate) => candidate !== key)!;
      await world.cacheStore.put(key, await (await world.cacheStore.get(other))!.bytes());
    } else await damage(world.cacheStore, key, how);
    const { registry: reader, settle: settled } = await world.open();
    assertEquals(await reader.load("a@1"), "one", how);
    await settled();
    assertEquals(warnings.splice(0).length, 1, how);
    assertEquals(await asked(() => registry.load("a@1")), []);
  }
});

testCached(
  "a registry that was made anew at the same place serves nothing of the old one",
  async (world) => {
    const { registry, settle, store, system } = world;
    await registry.save("a", "old", { version: "1" });
    await registry.load("a@1");
    await settle();
    for (const key of await keysOf(store)) await store.delete(key);
    const anew = await openRegistry(store, { system, cache: { backend: world.cacheStore } });
    await rejected("NotFound", anew.load("a@1"));
    await anew.save("a", "new", { version: "1" });
    assertEquals(await anew.load("a@1"), "new");
  },
);

testCached("verification and a base ask the store, whatever is cached", async (world) => {
  const { registry, settle, store, cache } = world;
  for (const name of ["a", "b"]) await registry.save(name, filler(name), { version: "1" });
  for (const name of ["a", "b"]) await registry.load(`${name}@1`);
  await settle();
  await damage(store, (await keysOf(store, "objects/a/"))[0]);
  cache.forget();
  assert(!(await verifyRegistry(registry)).ok);
  assertEquals(cache.calls, []);
  assertEquals(await registry.load("a@1"), filler("a"), "cached files are complete");
  await (await world.elsewhere()).registry.delete("b@1");
  await rejected("NotFound", registry.save("b", filler("b"), { version: "2", base: "b@1" }));
});

testCached("a copy of a registry at another place shares no records with it", async (world) => {
  const { registry, settle, store, system } = world;
  const copy = createMemoryBackend({ system });
  for (const key of await keysOf(store)) await copy.put(key, await (await store.get(key))!.bytes());
  const other = await openRegistry(copy, { system, cache: { backend: world.cacheStore } });
  assertEquals(other.id, registry.id);
  await registry.save("a", "here", { version: "1" });
  await other.save("a", "there", { version: "1" });
  await registry.load("a@1");
  await settle();
  assertEquals(await other.load("a@1"), "there");
});

testCached("no name, version or path is in the keys of the cache", async (world) => {
  const { registry, settle } = world;
  const secret = { "secret-path": filler("x") };
  await registry.save("secret-name", secret, { version: "7.7.7", as: fileSet });
  assertEquals(await world.cached(), [], "saving caches nothing");
  await registry.load("secret-name@7.7.7", { as: fileSet });
  await settle();
  const keys = await world.cached();
  assertEquals(keys.length, 3);
  const form = /^(files|records\/[0-9a-f-]{36})\/[0-9a-f]{2}\/[0-9a-f]{64}$|^secret$/;
  for (const key of keys) assertMatch(key, form);
});

testCached("a registry opened for reading needs no store for cached versions", async (world) => {
  const { registry, open, backend } = world;
  await registry.save("a", filler("one"), { version: "1" });
  await registry.save("a", filler("two"), { version: "2" });
  const reading = { readOnly: true, retryForMs: 0 };
  const online = await open(reading);
  await online.registry.load("a@1");
  await online.settle();
  const location = backend.location;
  const store = withHooks(createMemoryBackend({ system: world.system }), {
    before: () =>
      Promise.reject(
        new RegistryError({ code: "Unavailable", message: "Cannot read: offline", hint: "Wait." }),
      ),
  });
  const offline = await openRegistry({ ...store, location }, {
    ...reading,
    system: world.system,
    cache: { backend: world.cacheStore },
  });
  assertEquals(await offline.load("a@1"), filler("one"));
  assertEquals((await offline.open("a@1")).info.version, "1.0.0");
  const writing = { system: world.system, retryForMs: 0, cache: { backend: world.cacheStore } };
  const refused = [
    offline.load("a@2"),
    offline.load("a"),
    openRegistry({ ...store, location: "memory:2" }, { ...writing, readOnly: true }),
    openRegistry({ ...store, location }, writing),
  ];
  for (const call of refused) {
    const error = await call.then(() => undefined, (error) => error);
    assert(isRegistryError(error, "Unavailable"), String(error));
  }
});
