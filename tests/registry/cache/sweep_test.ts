import { assert, assertEquals, assertGreater, assertLessOrEqual } from "@std/assert";
import { createMemoryBackend } from "../../../backends/memory.ts";
import { openRegistry } from "../../../mod.ts";
import { createRandom } from "../../simulate/random.ts";
import { keysOf, noise } from "../registries.ts";
import { rejected } from "../rejected.ts";
import { bytesIn, type CachedWorld, createCachedWorld, testCached } from "./cached_world.ts";

const KIB = 1024;
const MINUTE = 60_000;
const SIZE = 100 * KIB;

/** Saves `count` values of 100 KiB: a0, a1 … */
async function fill({ registry }: CachedWorld, count: number): Promise<void> {
  for (let n = 0; n < count; n++) {
    await registry.save(`a${n}`, noise(SIZE, n + 1), { version: "1" });
  }
}

async function cachedValues({ open }: CachedWorld, count: number): Promise<number[]> {
  const { registry, backend } = await open({ cache: {} });
  const found: number[] = [];
  for (let n = 0; n < count; n++) {
    backend.answerAll({ verb: "get", key: /^objects/ }, () => undefined);
    const [file] = (await registry.open(`a${n}`)).files();
    if (await file.bytes().then(() => true, () => false)) found.push(n);
  }
  return found;
}

testCached("the least recently used files are evicted", { maxBytes: 10 * SIZE }, async (world) => {
  const { registry, settle, system } = world;
  await fill(world, 12);
  for (let n = 0; n < 8; n++) {
    await registry.load(`a${n}`);
    await settle();
    system.advance(MINUTE);
  }
  await registry.load("a0");
  const { registry: other, settle: settled } = await world.open();
  await other.load("a2");
  await settled();
  system.advance(MINUTE);
  for (let n = 8; n < 12; n++) {
    await registry.load(`a${n}`);
    await settle();
    system.advance(MINUTE);
  }
  assertLessOrEqual(await bytesIn(world.cacheStore, "files/"), 10 * SIZE);
  const kept = await cachedValues(world, 12);
  for (const n of [0, 2, 10, 11]) assert(kept.includes(n), `a${n} of ${kept}`);
  for (const n of [1, 3]) assert(!kept.includes(n), `a${n} of ${kept}`);
});

testCached(
  "a value larger than the whole cache is loaded and not cached",
  { maxBytes: 10 * KIB },
  async (world) => {
    const { registry, settle, cache } = world;
    await registry.save("a", noise(SIZE), { version: "1" });
    await registry.save("b", noise(5 * 1024 * KIB), { version: "1" });
    cache.forget();
    for (const name of ["a", "b"]) {
      await registry.load(name);
      for await (const _ of (await registry.open(name)).files()[0].stream());
    }
    await settle();
    assertEquals(cache.asked({ verb: "put" }), []);
  },
);

testCached(
  "a value nearly as large as the cache evicts the others",
  { maxBytes: 10 * SIZE },
  async (world) => {
    const { registry, settle } = world;
    await fill(world, 5);
    for (let n = 0; n < 5; n++) await registry.load(`a${n}`);
    await settle();
    await registry.save("big", noise(9 * SIZE + 50 * KIB, 99), { version: "1" });
    await registry.load("big");
    await settle();
    assertLessOrEqual(await bytesIn(world.cacheStore, "files/"), 10 * SIZE);
    assertEquals((await world.cached("files/")).length, 1);
  },
);

Deno.test("concurrent programs keep a shared cache near its limit", async () => {
  for (let seed = 1; seed <= 5; seed++) {
    const random = createRandom(seed);
    const maxBytes = 20 * SIZE, programs = 4;
    const world = await createCachedWorld({ maxBytes, seed });
    await fill(world, 40);
    let most = 0;
    const watched = { ...world.cacheStore };
    watched.put = async (key, body, options) => {
      for (let turns = random.int(20); turns > 0; turns--) await Promise.resolve();
      const result = await world.cacheStore.put(key, body, options);
      most = Math.max(most, await bytesIn(world.cacheStore, "files/"));
      return result;
    };
    await Promise.all(Array.from({ length: programs }, async () => {
      const opened = await world.open({ cache: { backend: watched, maxBytes } });
      for (let n = 0; n < 30; n++) {
        const value = random.int(40);
        assertEquals(await opened.registry.load(`a${value}`), noise(SIZE, value + 1));
        if (random.chance(0.1)) await opened.settle();
      }
      await opened.settle();
    }));
    assertLessOrEqual(most, maxBytes + programs * (maxBytes / 16 + 2 * SIZE), `seed ${seed}`);
    assertGreater(most, maxBytes / 4, `seed ${seed}`);
  }
});

testCached("files over the limit that an earlier program left are removed", async (world) => {
  await fill(world, 12);
  for (let n = 0; n < 12; n++) await world.registry.load(`a${n}`);
  await world.settle();
  const { registry, settle } = await world.open({ cache: { maxBytes: 5 * SIZE } });
  await registry.save("b", noise(SIZE, 99), { version: "1" });
  await registry.load("b");
  await settle();
  assertLessOrEqual(await bytesIn(world.cacheStore, "files/"), 5 * SIZE);
});

testCached(
  "a clock that was far ahead keeps nothing in the cache",
  { maxBytes: 10 * SIZE },
  async (world) => {
    const { registry, settle, system } = world;
    const now = system.now();
    await fill(world, 12);
    system.setWallClock(now + 20 * 365 * 24 * 60 * MINUTE);
    for (let n = 0; n < 8; n++) await registry.load(`a${n}`);
    await settle();
    system.setWallClock(now + MINUTE);
    for (let n = 8; n < 12; n++) {
      await registry.load(`a${n}`);
      await settle();
      system.advance(MINUTE);
    }
    const kept = await cachedValues(world, 12);
    for (const n of [8, 9, 10, 11]) assert(kept.includes(n), `a${n} of ${kept}`);
  },
);

testCached(
  "foreign files are neither counted nor evicted",
  { maxBytes: 10 * SIZE },
  async (world) => {
    const { registry, settle, cacheStore, system } = world;
    const others = ["files/mine.csv", "records/one.wav", "uses/log"];
    for (const key of others) await cacheStore.put(key, noise(20 * SIZE));
    system.advance(60 * MINUTE);
    await fill(world, 12);
    for (let n = 0; n < 12; n++) {
      await registry.load(`a${n}`);
      await settle();
      system.advance(MINUTE);
    }
    const keys = await world.cached();
    for (const key of others) assert(keys.includes(key), key);
    assert((await cachedValues(world, 12)).includes(11));
  },
);

testCached("logs of uses are made one before they are many", async (world) => {
  await fill(world, 2);
  await world.registry.load("a0@1");
  await world.settle();
  for (let time = 0; time < 70; time++) {
    const { registry, settle } = await world.open();
    await registry.load("a0@1");
    await settle();
  }
  assertEquals((await world.cached("uses/")).length, 70);
  const { registry, settle } = await world.open();
  await registry.load("a1@1");
  await settle();
  assertLessOrEqual((await world.cached("uses/")).length, 2);
});

Deno.test("a cache in the folder of its registry is refused", async () => {
  const backend = createMemoryBackend();
  await rejected("Invalid", openRegistry(backend, { cache: { backend } }));
  assertEquals(await keysOf(backend), []);
});
