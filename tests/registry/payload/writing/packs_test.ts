import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { Backend } from "../../../../core/backend.ts";
import { openRegistry } from "../../../../mod.ts";
import { collectGarbage, measureSpace } from "../../../../extensions/maintenance/mod.ts";
import { createRandom, type Random } from "../../../simulate/random.ts";
import { withVerbs } from "../../../simulate/stores/with_verbs.ts";
import type { FileSet } from "../../protocol_world.ts";
import { keysOf, noise } from "../../registries.ts";
import {
  AS,
  assertVerifies,
  edited,
  KIB,
  MIB,
  overused,
  storeOf,
  testStores,
} from "../shared_bytes.ts";

const LOADED = { as: AS.as };

/** Small files, empty ones, some that compress well, and a large one. */
function someFiles(random: Random, count: number): Record<string, Uint8Array> {
  const files: Record<string, Uint8Array> = { large: noise(random.between(300, 900) * KIB) };
  for (let i = 0; i < count; i++) files[`f${i}`] = someBytes(random);
  return files;
}

function someBytes(random: Random): Uint8Array {
  const size = random.int(8) === 0 ? 0 : random.int(30 * KIB);
  const seed = random.int(1_000_000) + 1;
  return random.int(4) === 0 ? new Uint8Array(size).fill(seed) : noise(size, seed);
}

for (const kind of ["memory", "far"] as const) {
  Deno.test(`a version uses half of each pack, whatever its small files do (${kind})`, async () => {
    const play = fc.asyncProperty(fc.nat(), fc.boolean(), async (seed, gzip) => {
      const random = createRandom(seed);
      const store = storeOf(kind);
      const registry = await openRegistry(store, { cache: false });
      const options = { ...AS, ...(gzip && { compress: "gzip" as const }) };
      const files = someFiles(random, 40);
      await registry.save("a", files, options);
      for (let version = 2; version <= 8; version++) {
        const percent = random.int(100);
        for (const path of Object.keys(files)) {
          if (random.int(100) < percent) files[path] = someBytes(random);
        }
        files.large = edited(files.large!, 0, Math.min(files.large!.byteLength, 1000), version);
        await registry.save("a", files, options);
        if (random.int(3) > 0) await registry.delete(`a@${version - 1}`).catch(() => {});
        await collectGarbage(registry, { now: true });
        assertEquals(await overused(store), [], `seed ${seed}`);
        assertEquals(await registry.load("a", LOADED), files);
      }
      await assertVerifies(registry);
    });
    await fc.assert(play, { numRuns: 6 });
  });
}

testStores(
  "small files that stay are moved out of a pack that is mostly replaced",
  async (registry, store) => {
    const files: FileSet = {};
    for (let night = 1; night <= 12; night++) {
      for (let i = 0; i < 100; i++) if (i % 8 < 7) files[`f${i}`] = noise(2 * KIB, 100 * night + i);
      files[`new${night}`] = noise(2 * KIB, night);
      await registry.save("a", { ...files }, AS);
      if (night > 1) await registry.delete(`a@${night - 1}`);
    }
    await collectGarbage(registry, { now: true });
    const { names: [space] } = await measureSpace(registry);
    assert(space!.unusedBytes <= space!.size, JSON.stringify(space));
    assertEquals(await registry.load("a", LOADED), files);
    assertEquals(await overused(store), []);
  },
);

testStores(
  "a damaged pack is shared as it is, and its other files are read",
  async (registry, store) => {
    const files: FileSet = {};
    for (let i = 0; i < 40; i++) files[`f${i}`] = noise(4 * KIB, i + 1);
    await registry.save("a", files, AS);
    const [key] = await keysOf(store, "objects/");
    const bytes = await (await store.get(key!))!.bytes();
    bytes[0]! ^= 1;
    await store.put(key!, bytes);
    for (let i = 2; i < 40; i++) files[`f${i}`] = noise(4 * KIB, i + 100);
    await registry.save("a", files, AS);
    const read = (path: string) => registry.open("a").then((version) => version.file(path).bytes());
    assertEquals(await read("f1"), files.f1);
    assertEquals(await read("f2"), files.f2);
    await read("f0").then(() => assert(false), ({ code }) => assertEquals(code, "Corrupt"));
  },
);

/** A store that copies objects itself. */
function copyingStore(kind: "memory" | "far"): Backend {
  return { ...withVerbs(storeOf(kind), { random: createRandom(1) }), kind };
}

for (const kind of ["memory", "far"] as const) {
  Deno.test(`a base of another name gives what is used, at most twice (${kind})`, async () => {
    const play = fc.asyncProperty(fc.nat(), async (seed) => {
      const random = createRandom(seed);
      const store = copyingStore(kind);
      const registry = await openRegistry(store, { cache: false });
      const files = someFiles(random, 60);
      await registry.save("a", files, AS);
      const percent = random.int(100);
      const some = Object.fromEntries(
        Object.entries(files).filter(() => random.int(100) < percent),
      );
      const other = { ...some, own: noise(70 * KIB, 5) };
      const { addedBytes, size } = await registry.save("b", other, { ...AS, base: "a" });
      assert(addedBytes! <= 2 * size + 20 * KIB, `seed ${seed}: ${addedBytes} of ${size}`);
      assertEquals(await overused(store, "b"), []);
      await registry.delete("a", { allVersions: true });
      await collectGarbage(registry, { now: true });
      assertEquals(await registry.load("b", LOADED), other);
    });
    await fc.assert(play, { numRuns: 6 });
  });
}

Deno.test("one small file of another name costs its bytes, not its pack", async () => {
  const registry = await openRegistry(copyingStore("far"), { cache: false });
  const files: FileSet = {};
  for (let i = 0; i < 300; i++) files[`f${i}`] = noise(10 * KIB, i + 1);
  await registry.save("a", files, AS);
  const one = { f7: files.f7!, own: noise(70 * KIB, 5) };
  const { addedBytes } = await registry.save("b", one, { ...AS, base: "a" });
  assert(addedBytes! < 90 * KIB, `${addedBytes} bytes`);
  const all = await registry.copy("a", "c");
  assert(all.addedBytes! < 3.1 * MIB, `${all.addedBytes} bytes`);
  assertEquals(await registry.load("c", LOADED), files);
});
