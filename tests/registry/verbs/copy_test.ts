import { assertEquals } from "@std/assert";
import { readAll } from "../../../core/bytes/bytes.ts";
import { rejected } from "../rejected.ts";
import { keysOf, noise, testOnEach } from "../registries.ts";

testOnEach("copy() within a name stores no byte again", async ({ registry, backend }) => {
  await registry.save("a", noise(700_000));
  const before = await keysOf(backend, "objects/");
  await registry.copy("a@1", "a@9");
  assertEquals(await keysOf(backend, "objects/"), before);
  await registry.delete("a@1");
  assertEquals(await registry.load("a@9"), noise(700_000));
});

testOnEach("copy() of a compressed value gives the same value", async ({ registry }) => {
  const value = new Uint8Array(700_000).fill(3);
  const from = await registry.save("a", value, { compress: "zstd" });
  assertEquals((await registry.copy("a", "b")).digest, from.digest);
  assertEquals((await registry.copy("a", "a")).digest, from.digest);
  assertEquals(await registry.load("b"), value);
  assertEquals(await registry.load("a@2"), value);
  assertEquals(
    (await readAll((await registry.open("a@2")).file("data.bin").stream())).byteLength,
    700_000,
  );
});

testOnEach(
  "copy() of damaged bytes gives nothing that can be read",
  async ({ registry, backend, open }) => {
    await registry.save("a", noise(700_000));
    for (const key of await keysOf(backend, "objects/")) await backend.put(key, noise(700_000, 2));
    const careless = await open({ verify: "none" });
    const outcome = await careless.copy("a", "b").catch((error) => error);
    if (backend.copy === undefined) assertEquals(outcome.code, "Corrupt"); // else no byte of it was read
    else await rejected("Corrupt", registry.load("b"));
    for (const key of await keysOf(backend, "objects/a/")) await backend.put(key, noise(600_000));
    await rejected("Corrupt", registry.copy("a", "c"));
    assertEquals(await registry.has("c"), false);
    assertEquals(await keysOf(backend, "objects/c/"), []);
  },
);

testOnEach(
  "copy() to another name says what it added, which on a disk is the record",
  async ({ registry, backend }) => {
    const saved = await registry.save("a", noise(700_000));
    const { addedBytes, digest } = await registry.copy("a", "b");
    assertEquals(digest, saved.digest);
    const hasLinks = backend.copy !== undefined;
    assertEquals(Math.floor(addedBytes! / 700_000), hasLinks ? 0 : 1);
    assertEquals(Math.floor((await registry.copy("a", "a")).addedBytes! / 700_000), 0);
    assertEquals(Math.floor(saved.addedBytes! / 700_000), 1);
    await registry.delete("a", { allVersions: true });
    for (const key of await keysOf(backend, "objects/a/")) await backend.delete(key);
    assertEquals(await registry.load("b"), noise(700_000));
  },
);
