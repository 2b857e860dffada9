import { assertEquals } from "@std/assert";
import { createMemoryBackend } from "../../../backends/memory.ts";
import type { Backend } from "../../../core/backend.ts";
import type { System } from "../../../core/system.ts";
import { clearCache, createLocalBackend, openRegistry } from "../../../mod.ts";
import { createScriptedSystem } from "../../support/scripted_system.ts";
import { tempRoot } from "../../support/temp_root.ts";
import { filler } from "../protocol_world.ts";
import { keysOf } from "../registries.ts";
import { bytesIn, testCached } from "./cached_world.ts";

function remote(system: System): Backend {
  return { ...createMemoryBackend({ system }), kind: "remote" };
}

testCached("clearCache() removes everything that is cached, and nothing else", async (world) => {
  const { registry, settle, cacheStore, asked } = world;
  for (const name of ["a", "b"]) await registry.save(name, filler(name), { version: "1" });
  for (const name of ["a", "b"]) await registry.load(`${name}@1`);
  await settle();
  const bytes = await bytesIn(cacheStore, "files/") + await bytesIn(cacheStore, "records/");
  const others = [
    "files/2026/mine.csv",
    "files/mine.csv",
    "notes/mine",
    "records/one.wav",
    "reserved/1-1",
    "uses/log",
  ];
  for (const key of others) await cacheStore.put(key, new Uint8Array(3));
  others.splice(5, 0, "secret"); // programs that use the cache go on to use it
  assertEquals(await clearCache({ backend: cacheStore }), { files: 4, bytes });
  assertEquals(await keysOf(cacheStore), others);
  assertEquals(await asked(() => registry.load("a@1")), ["list", "get", "get"]);
  assertEquals(await clearCache({ backend: createMemoryBackend() }), { files: 0, bytes: 0 });
});

Deno.test("registry.clearCache() empties its cache, including pending writes", async () => {
  const system = createScriptedSystem();
  const memory = createMemoryBackend({ system });
  const held = Promise.withResolvers<void>();
  const cacheStore: Backend = {
    ...memory,
    async put(key, ...rest) {
      if (/^(files|records)/.test(key)) await held.promise;
      return await memory.put(key, ...rest);
    },
  };
  const registry = await openRegistry(remote(system), { system, cache: { backend: cacheStore } });
  await registry.save("a", filler("a"), { version: "1" });
  await registry.load("a@1");
  let cleared = false;
  const clearing = registry.clearCache().finally(() => cleared = true);
  // longer than clearing takes
  for (let i = 0; i < 5; i++) await clearCache({ backend: createMemoryBackend() });
  assertEquals(cleared, false); // what is being kept is waited for
  held.resolve();
  assertEquals((await clearing).files, 2);
  assertEquals([await keysOf(cacheStore, "files/"), await keysOf(cacheStore, "records/")], [
    [],
    [],
  ]);
  assertEquals(await registry.load("a@1"), filler("a"));
  await registry[Symbol.asyncDispose]();
  const other = await openRegistry("memory:");
  assertEquals(await other.clearCache(), { files: 0, bytes: 0 });
});

testCached("clearCache() of one registry removes its records", async (world) => {
  const { registry, settle, cacheStore } = world;
  const other = await openRegistry(createMemoryBackend(), { cache: { backend: cacheStore } });
  for (const each of [registry, other]) {
    await each.save("a", filler("same"), { version: "1" });
    await each.load("a@1");
  }
  await settle();
  await other[Symbol.asyncDispose]();
  const { files } = await clearCache({ backend: cacheStore, registryId: other.id });
  assertEquals(files, 1);
  assertEquals((await keysOf(cacheStore, "records/")).length, 1);
  assertEquals((await keysOf(cacheStore, "files/")).length, 1);
});

Deno.test("only remote stores are cached, in the folder of the environment", async () => {
  const root = await tempRoot();
  try {
    const places: [Record<string, string>, string][] = [
      [
        {
          HOLDFAST_CACHE: root.join("own"),
          XDG_CACHE_HOME: root.join("no"),
          HOME: root.join("no"),
        },
        "own",
      ],
      [
        { HOLDFAST_CACHE: "", XDG_CACHE_HOME: root.join("xdg"), HOME: root.join("no") },
        "xdg/holdfast",
      ],
      [{ XDG_CACHE_HOME: "relative", HOME: root.join("home") }, "home/.cache/holdfast"],
    ];
    for (const [environment, folder] of places) {
      const system = createScriptedSystem({ environment });
      for (
        const backend of [
          createMemoryBackend(),
          createLocalBackend({ path: root.join(`store-of-${folder}`) }),
        ]
      ) {
        const registry = await openRegistry(backend, { system });
        await registry.save("a", "one", { version: "1" });
        await registry.load("a@1");
        await registry[Symbol.asyncDispose]();
      }
      const cache = createLocalBackend({ path: root.join(folder) });
      assertEquals(await keysOf(cache), []);
      const registry = await openRegistry(remote(system), { system });
      await registry.save("a", "one", { version: "1" });
      assertEquals(await keysOf(cache), [], "nothing is made before something is cached");
      await registry.load("a@1");
      await registry[Symbol.asyncDispose]();
      assertEquals((await keysOf(cache, "records/")).length, 1);
      assertEquals((await clearCache({ system })).files, 1);
    }
  } finally {
    await root.remove();
  }
});
