import { assertEquals, assertNotEquals } from "@std/assert";
import { readAll } from "../../../core/bytes/bytes.ts";
import { rejected } from "../rejected.ts";
import { keysOf, noise, testInMemory, testOnEach } from "../registries.ts";

testOnEach(
  "copy() saves files, metadata and inputs under another name",
  async ({ registry, backend, open }) => {
    for (const value of ["small", noise(700_000)]) {
      const from = await registry.save("a", value, {
        metadata: { x: 1 },
        inputs: ["raw@1"],
        idempotencyKey: `k${String(value).length}`,
      });
      const copied = await registry.copy(`a@${from.version}`, "b");
      assertEquals([copied.name, copied.digest, copied.size], ["b", from.digest, from.size]);
      assertNotEquals(copied.commit, from.commit);
      const info = await registry.info("b");
      assertEquals([info.metadata, info.inputs, info.idempotencyKey], [
        { x: 1 },
        ["raw@1"],
        undefined,
      ]);
    }
    await registry.delete("a", { allVersions: true });
    for (const key of await keysOf(backend, "objects/a/")) await backend.delete(key);
    assertEquals(await (await open()).load("b"), noise(700_000));
  },
);

testOnEach(
  "copy() chooses the version: the next, or the one that is given",
  async ({ registry }) => {
    await registry.save("a", 1, { version: "5" });
    assertEquals((await registry.copy("a", "b")).version, "1.0.0");
    assertEquals((await registry.copy("a@^5", "b")).version, "2.0.0");
    assertEquals((await registry.copy("a", "b@7.1")).version, "7.1.0");
    assertEquals((await registry.copy("a@5", "a")).version, "6.0.0");
  },
);

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

testOnEach("copy() refuses what exists, skips it or overwrites it", async ({ registry }) => {
  await registry.save("a", "new");
  await registry.save("b", "old");
  await rejected("AlreadyExists", registry.copy("a", "b@1"));
  assertEquals((await registry.copy("a", "b@1", { onConflict: "skip" })).skipped, true);
  assertEquals(await registry.load("b"), "old");
  await registry.copy("a", "b@1", { onConflict: "overwrite" });
  assertEquals(await registry.load("b"), "new");
}, { mutable: true });

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

testInMemory(
  "copy() refuses a target that is a range or an alias, and a source that is not there",
  async ({ registry }) => {
    await registry.save("a", 1);
    for (const to of ["b@^1", "b@production", "b@latest"]) {
      await rejected("Invalid", registry.copy("a", to));
    }
    await rejected("NotFound", registry.copy("a@2", "b"));
    await rejected("NotFound", registry.copy("c", "b"));
  },
);
