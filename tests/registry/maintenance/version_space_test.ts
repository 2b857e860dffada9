import { assert, assertEquals } from "@std/assert";
import { measureSpace, measureVersions } from "../../../registry/maintenance.ts";
import { keysOf, noise, testOnEach } from "../registries.ts";

const MIB = 1024 * 1024;

testOnEach("the space of versions counts what each uses", async ({ registry, backend }) => {
  const value = noise(4 * MIB);
  for (let version = 1; version <= 4; version++) {
    value.set(noise(300_000, version), version * 700_000);
    await registry.save("a", value);
  }
  await registry.delete("a@1"); // bytes that version 2 replaced are unused
  const { versions, storedBytes, freedBytes } = await measureVersions(registry, "a", {
    deleting: ["2.0.0", "3.0.0", "4.0.0"],
  });
  for (const { version, size, ownBytes, sharedBytes } of versions) {
    const lists = 0.01 * MIB;
    assert(ownBytes + sharedBytes < size + 2 * lists, `${version}: ${ownBytes} + ${sharedBytes}`);
    assert(sharedBytes > size / 2);
  }
  const sizes = await Promise.all(
    (await keysOf(backend, "objects/a/")).map(async (key) => (await backend.head(key))!.size),
  );
  assertEquals(storedBytes, sizes.reduce((sum, size) => sum + size));
  assertEquals(freedBytes, storedBytes);
  const { names: [{ unusedBytes }] } = await measureSpace(registry);
  assert(unusedBytes > 250_000);
});

testOnEach("versions that are in their records store those", async ({ registry, backend }) => {
  await registry.save("a", "text");
  const [key] = await keysOf(backend, "names/a/");
  const { versions: [version], storedBytes } = await measureVersions(registry, "a");
  const { size } = (await backend.head(key!))!;
  assertEquals([storedBytes, version!.ownBytes, version!.sharedBytes], [size, size, 0]);
});
