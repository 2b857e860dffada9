import { assert, assertEquals, assertGreater, assertLessOrEqual } from "@std/assert";
import { createMemoryBackend } from "../../../backends/memory.ts";
import type { OpenOptions } from "../../../core/registry.ts";
import { openRegistry } from "../../../mod.ts";
import { sha256 } from "../../../core/bytes/digest.ts";
import { createRoom } from "../../../registry/cache/room.ts";
import { createUses } from "../../../registry/cache/uses.ts";
import { createScriptedSystem } from "../../support/scripted_system.ts";
import { createRandom } from "../../simulate/random.ts";
import { keysOf, noise } from "../registries.ts";
import { rejected } from "../rejected.ts";
import type { CachedWorld } from "./cached_world.ts";
import { bytesIn, createCachedWorld, testCached } from "./cached_world.ts";

const KIB = 1024;
const MINUTE = 60_000;
const SIZE = 100 * KIB;

/** Saves `count` values of 100 KiB: a0, a1 … */
async function fill({ registry }: CachedWorld, count: number): Promise<void> {
  for (let n = 0; n < count; n++) {
    await registry.save(`a${n}`, noise(SIZE, n + 1), { version: "1" });
  }
}

/** Which of them are cached. */
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

testCached("what was not used for longest is evicted", { maxBytes: 10 * SIZE }, async (world) => {
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
  assertLessOrEqual(await bytesIn(world.cacheStore), 10 * SIZE);
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
    assertLessOrEqual(await bytesIn(world.cacheStore), 10 * SIZE);
    assertEquals((await world.cached("files/")).length, 1);
  },
);

Deno.test("programs that fill a cache at the same time never take it past its bound", async () => {
  for (let seed = 1; seed <= 5; seed++) {
    const random = createRandom(seed);
    const maxBytes = 20 * SIZE;
    const world = await createCachedWorld({ maxBytes, seed });
    await fill(world, 40);
    let most = 0;
    const watched = { ...world.cacheStore };
    watched.put = async (key, body, options) => {
      await slow(random.int(20));
      const result = await world.cacheStore.put(key, body, options);
      most = Math.max(
        most,
        await bytesIn(world.cacheStore, "files/") + await bytesIn(world.cacheStore, "records/"),
      );
      return result;
    };
    watched.list = async function* (prefix, options) {
      for await (const entry of world.cacheStore.list(prefix, options)) {
        await slow(random.int(3));
        yield entry;
      }
    };
    const programs = await Promise.all(
      Array.from({ length: 4 }, () => world.open({ cache: { backend: watched, maxBytes } })),
    );
    await Promise.all(programs.map(async ({ registry, settle }) => {
      for (let n = 0; n < 30; n++) {
        const value = random.int(40);
        assertEquals(await registry.load(`a${value}`), noise(SIZE, value + 1));
        if (random.chance(0.1)) await settle();
      }
      await settle();
    }));
    assertLessOrEqual(most, maxBytes, `seed ${seed}`);
    assertGreater(most, maxBytes / 4, `seed ${seed}`);
  }
});

/** Lets others run for some turns. */
async function slow(turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await Promise.resolve();
}

testCached(
  "nothing is evicted for what would not fit even then",
  { maxBytes: 10 * SIZE },
  async (world) => {
    const { registry, settle, cacheStore } = world;
    await fill(world, 5);
    for (let n = 0; n < 5; n++) await registry.load(`a${n}`);
    await settle();
    await cacheStore.put(`reserved/${world.system.id()}-${3 * SIZE}`, new Uint8Array());
    await registry.save("big", noise(8 * SIZE, 99), { version: "1" });
    await registry.load("big");
    await settle();
    assertEquals((await world.cached("files/")).length, 5);
  },
);

testCached("room that a killed program has set aside is free after a while", {
  maxBytes: 16 * SIZE,
}, async (world) => {
  const { registry, settle, cacheStore, system } = world;
  await fill(world, 4);
  await cacheStore.put(`reserved/${world.system.id()}-${16 * SIZE}`, new Uint8Array());
  await registry.load("a0");
  await settle();
  assertEquals(await world.cached("files/"), []);
  system.advance(20 * MINUTE);
  await registry.load("a1");
  await settle();
  assertEquals((await world.cached("files/")).length, 1);
  assertEquals(await world.cached("reserved/"), []);
});

Deno.test("what is being written stays set aside when more is", async () => {
  const system = createScriptedSystem();
  const backend = createMemoryBackend({ system });
  const open = () => {
    const uses = createUses(backend, system);
    return createRoom({ backend, maxBytes: 10 * SIZE, system, logger: console, uses });
  };
  const one = open(), other = open();
  const large = await one.take(7 * SIZE);
  assert(await one.take(SIZE) !== undefined);
  assertEquals(await other.take(3 * SIZE), undefined);
  large!.done(false);
  await one.close();
  assert(await open().take(3 * SIZE) !== undefined);
});

Deno.test("room that was set aside before the machine slept is not used after", async () => {
  const system = createScriptedSystem();
  const backend = createMemoryBackend({ system });
  const logger = { debug() {}, info() {}, warn() {}, error() {} };
  const uses = createUses(backend, system);
  const [early, late] = [1, 2].map(() =>
    createRoom({ backend, maxBytes: 1_000, system, logger, uses })
  );
  let count = 0, kept = 0;
  const fill = async (room: typeof early, bytes: number) => {
    const grant = await room.take(bytes);
    const digest = sha256(`${count++}`);
    if (grant !== undefined) {
      await backend.put(`files/${digest.slice(0, 2)}/${digest}`, new Uint8Array(bytes));
    }
    grant?.done(true);
    kept = await bytesIn(backend, "files/");
  };
  while (kept < 70) await fill(early, 1); // it has set more aside by now
  system.setWallClock(system.now() + 60 * MINUTE); // no time passed on the monotonic clock
  while (kept < 930) await fill(late, 1);
  for (let n = 0; n < 200; n++) {
    await fill(n < 50 ? early : late, 1);
    assertLessOrEqual(kept, 1_000);
  }
});

testCached(
  "what a clock that was far ahead has left keeps no room",
  { maxBytes: 10 * SIZE },
  async (world) => {
    const { registry, settle, cacheStore, system } = world;
    const now = system.now();
    await fill(world, 12);
    system.setWallClock(now + 20 * 365 * 24 * 60 * MINUTE);
    await cacheStore.put(`reserved/${system.id()}-${10 * SIZE}`, new Uint8Array()); // of a program that was killed
    system.setWallClock(now);
    await registry.load("a0");
    await settle();
    assertEquals((await world.cached("files/")).length, 1);

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
  "what is not the cache's own is neither counted nor evicted",
  { maxBytes: 10 * SIZE },
  async (world) => {
    const { registry, settle, cacheStore, system } = world;
    const others = ["files/mine.csv", "records/one.wav", "reserved/room-101", "uses/log"];
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

testCached(
  "a program that writes on for long sets its room aside anew",
  { maxBytes: 160 * SIZE },
  async (world) => {
    const { registry, cache, system } = world;
    await fill(world, 12);
    for (let n = 0; n < 12; n++) {
      await registry.load(`a${n}`);
      while ((await world.cached("files/")).length <= n) await Promise.resolve();
      system.advance(6 * MINUTE);
      assertEquals((await world.cached("reserved/")).length, 1);
    }
    assertEquals(cache.asked({ verb: "put", key: /^reserved/ }).length, 12);
  },
);

testCached("the room is looked at seldom", { maxBytes: 1000 * SIZE }, async (world) => {
  const { registry, cache, settle } = world;
  await fill(world, 200);
  cache.forget();
  for (let n = 0; n < 200; n++) await registry.load(`a${n}`);
  await settle();
  assertLessOrEqual(cache.asked({ verb: "list", key: /^files/ }).length, 10);
});

testCached("logs of uses are made one before they are many", {}, async (world) => {
  await fill(world, 2);
  await world.registry.load("a0@1");
  await world.settle();
  for (let time = 0; time < 70; time++) {
    const { registry, settle } = await world.open();
    await registry.load("a0@1");
    await settle();
  }
  assertEquals((await world.cached("uses/")).length, 70);
  await world.registry.load("a1@1");
  await world.settle();
  assertLessOrEqual((await world.cached("uses/")).length, 2);
});

Deno.test("a cache in the place of its registry is refused: it would end the registry's uploads", async () => {
  const backend = createMemoryBackend();
  await rejected("Invalid", openRegistry(backend, { cache: { backend } }));
  assertEquals(await keysOf(backend), []);
});

Deno.test("a bound that is none is refused", async () => {
  for (const maxBytes of [0, -1, 1.5, NaN, Infinity]) {
    const options: OpenOptions = { cache: { backend: createMemoryBackend(), maxBytes } };

    await rejected("Invalid", openRegistry(createMemoryBackend(), options));
  }
});
