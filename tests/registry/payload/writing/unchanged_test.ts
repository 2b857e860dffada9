import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { openRegistry } from "../../../../mod.ts";
import type { FileSet } from "../../protocol_world.ts";
import { noise } from "../../registries.ts";
import { AS, edited, KIB, storeOf } from "../shared_bytes.ts";
import { casesOfRun } from "../../../support/seeds.ts";

/** A store that counts the bytes that are read of each payload object. */
function countedStore(kind: "memory" | "far") {
  const read = new Map<string, number>();
  const store = storeOf(kind);
  const get: typeof store.get = async (key, options) => {
    const object = await store.get(key, options);
    const bytes = options?.range?.length ?? object?.info.size ?? 0;
    if (key.startsWith("objects/")) read.set(key, (read.get(key) ?? 0) + bytes);
    return object;
  };
  return { read, store: { ...store, get } };
}

const bytesOf = (read: ReadonlyMap<string, number>) =>
  [...read.values()].reduce((a, b) => a + b, 0);

for (const kind of ["memory", "far"] as const) {
  Deno.test(`a save reads nothing of unchanged files in the store (${kind})`, async () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 1200 * KIB }), { minLength: 1, maxLength: 4 });
    const play = fc.asyncProperty(sizes, fc.boolean(), async (sizes, skipIfUnchanged) => {
      const { read, store } = countedStore(kind);
      const registry = await openRegistry(store, { cache: false });
      const files: FileSet = Object.fromEntries(
        sizes.map((size, i) => [`f${i}`, noise(size, i + 1)]),
      );
      const options = { ...AS, skipIfUnchanged };
      await registry.save("a", files, AS);
      read.clear();
      const again = await registry.save("a", files, options);
      assertEquals([again.skipped, bytesOf(read)], [skipIfUnchanged, 0]);
      const f0 = edited(files.f0 as Uint8Array, 0, Math.min(sizes[0]!, 1000));
      await registry.save("a", { ...files, f0 }, options);
      assert(bytesOf(read) <= 1.1 * sizes[0]!, `${bytesOf(read)} of ${sizes}`);
      assertEquals(await registry.load("a", { as: AS.as }), { ...files, f0 });
    });
    await fc.assert(play, { numRuns: casesOfRun(8) });
  });
}

Deno.test("a large file that changes in place is compared by the digests of its chunks", async () => {
  const { read, store } = countedStore("memory");
  const registry = await openRegistry(store, { cache: false });
  const size = 80 * 1024 * KIB;
  let file: Uint8Array = noise(size, 1);
  await registry.save("a", { file }, AS);
  for (const skipIfUnchanged of [false, true]) {
    read.clear();
    file = edited(file, size / 2, 10);
    const { addedBytes } = await registry.save("a", { file }, { ...AS, skipIfUnchanged });
    assert(bytesOf(read) < 64 * KIB, `${bytesOf(read)} bytes were read`);
    assert(addedBytes! < size / 8, `${addedBytes} bytes were added`);
    assertEquals(await registry.load("a", { as: AS.as }), { file });
  }
  for (const at of [10, 20, 30, 40]) file = edited(file, at * 1024 * KIB, 10);
  const { addedBytes } = await registry.save("a", { file }, AS);
  assert(addedBytes! < 1024 * KIB, `${addedBytes} bytes were added: many ranges have short chunks`);
  assertEquals(await registry.load("a", { as: AS.as }), { file });
});

Deno.test("a large file with all bytes changed is stored without a search for equal ones", async () => {
  const { read, store } = countedStore("memory");
  const registry = await openRegistry(store, { cache: false });
  const size = 40 * 1024 * KIB;
  await registry.save("a", { file: noise(size, 1) }, AS);
  for (const skipIfUnchanged of [false, true]) {
    read.clear();
    const file = noise(size, skipIfUnchanged ? 3 : 2);
    const { addedBytes } = await registry.save("a", { file }, { ...AS, skipIfUnchanged });
    assert(bytesOf(read) < size / 4, `${bytesOf(read)} bytes were read`);
    assert(addedBytes! >= size, `${addedBytes} bytes were added`);
    assertEquals(await registry.load("a", { as: AS.as }), { file });
  }
  const file = noise(size, 3);
  for (let at = 0; at < size; at += 512 * KIB) file[at]! ^= 1; // in each chunk of its list
  const { addedBytes } = await registry.save("a", { file }, AS);
  assert(addedBytes! < size / 2, `${addedBytes} bytes were added`);
});

Deno.test("a large file whose beginning is all new shares the rest", async () => {
  const registry = await openRegistry(storeOf("memory"), { cache: false });
  const size = 40 * 1024 * KIB, part = 10 * 1024 * KIB, file = noise(size, 1);
  await registry.save("a", { file }, AS);
  file.set(noise(part, 2)); // as of a model whose last layers are frozen
  const { addedBytes } = await registry.save("a", { file }, AS);
  assert(addedBytes! < 1.2 * part, `${addedBytes} bytes were added`);
  assertEquals(await registry.load("a", { as: AS.as }), { file });
});
