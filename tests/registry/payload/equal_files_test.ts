import { assert, assertEquals } from "@std/assert";
import { fileSet, testProtocol } from "../protocol_world.ts";
import type { ProtocolWorld } from "../protocol_world.ts";
import { noise } from "../registries.ts";

const AS = { materializer: fileSet };

/** Bytes of all payload. */
async function storedBytes({ store }: ProtocolWorld): Promise<number> {
  const objects = await Array.fromAsync(store.list("objects/")) as { size: number }[];
  return objects.reduce((sum, { size }) => sum + size, 0);
}

for (const [what, size] of [["small", 100_000], ["large", 700_000]] as const) {
  testProtocol(`${what} files of one save that are equal are stored once`, {}, async (world) => {
    const { registry } = world;
    const files = { a: noise(size), "b/c": noise(size), d: noise(size, 2), e: noise(size) };
    const { addedBytes } = await registry.save("x", files, AS);
    assertEquals(await storedBytes(world), 2 * size);
    assert(addedBytes! >= 2 * size && addedBytes! < 2 * size + 4000, `${addedBytes}`);
    assertEquals(await registry.load("x", { as: fileSet }), files as object);
    await registry.save("x", { ...files, f: noise(size) }, AS);
    assertEquals(await storedBytes(world), 2 * size);
  });

  testProtocol(`${what} files that are equal and compressed are stored once`, {}, async (world) => {
    const { registry } = world;
    const files = {
      a: new Uint8Array(size).fill(7),
      b: new Uint8Array(size).fill(7),
      c: noise(size),
    };
    await registry.save("x", files, { ...AS, compress: "gzip" });
    assert(await storedBytes(world) < size + 5_000);
    assertEquals(await registry.load("x", { as: fileSet }), files as object);
  });
}
