import { assert, assertEquals, assertMatch } from "@std/assert";
import { text } from "../../../materializers/mod.ts";
import { recordCalls, withHooks } from "../with_hooks.ts";
import { rejected } from "../rejected.ts";
import { keysOf, noise, testInMemory, testOnEach } from "../registries.ts";

testInMemory(
  "save() refuses `as`, which load() takes: the value would be kept in another way",
  async ({ registry }) => {
    const error = await rejected("Invalid", registry.save("a", 1, { as: text() } as never));
    assertMatch(error.hint!, /materializer/);
    assertEquals(await registry.has("a"), false);
  },
);

for (const compress of ["gzip", "zstd"] as const) {
  testOnEach(
    `save() compresses with ${compress} what gets smaller, and load() expands it`,
    async ({ registry, backend }) => {
      const value = new Uint8Array(2_000_000).fill(7);
      const saved = await registry.save("big", value, { compress });
      assertEquals(saved.size, 2_000_000);
      let stored = 0;
      for await (const entry of backend.list("objects/")) if ("size" in entry) stored += entry.size;
      assert(stored > 0 && stored < 20_000, `${stored} bytes stored`);
      assertEquals(await registry.load("big"), value);
      await registry.save("small", "x".repeat(10_000), { compress });
      assertEquals(await registry.load("small"), "x".repeat(10_000));
      await registry.save("noise", noise(300), { compress });
      assertEquals(await registry.load("noise"), noise(300));
    },
  );
}

testInMemory("save() refuses a compression that it does not know", async ({ registry }) => {
  await rejected("Invalid", registry.save("a", 1, { compress: "brotli" as "gzip" }));
});

testOnEach(
  "save() stores a new explicit version of a small value by one create and no list",
  async ({ open }) => {
    const calls: string[] = [];
    const registry = await open({}, (inner) => withHooks(inner, recordCalls(calls)));
    calls.length = 0;
    await registry.save("a", "small", { version: "1.0.0" });
    assertEquals(calls, ["put create"]);
    calls.length = 0;
    await registry.save("a", "small");
    assertEquals(calls, ["list", "put create"]);
  },
);

testOnEach(
  "save() uploads nothing again that the latest version or the base has",
  async ({ registry, backend }) => {
    const big = noise(500_000), other = noise(400_000, 2);
    await registry.save("a", big);
    const before = await keysOf(backend, "objects/");
    await registry.save("a", big.slice());
    assertEquals(await keysOf(backend, "objects/"), before);
    await registry.save("a", other);
    const three = await keysOf(backend, "objects/");
    assertEquals(three.length, before.length + 1);
    await registry.save("a", big, { base: "a@1.0.0" });
    assertEquals(await keysOf(backend, "objects/"), three);
    assertEquals(await registry.load("a@4.0.0"), big);
    await registry.delete("a@1.0.0");
    await registry.delete("a@2.0.0");
    assertEquals(await registry.load("a@4.0.0"), big);
  },
);

testOnEach(
  "save() copies the bytes of a base under another name",
  async ({ registry, backend }) => {
    await registry.save("a", noise(500_000));
    await registry.save("b", noise(500_000), { base: "a" });
    assertEquals((await keysOf(backend, "objects/b/")).length, 1);
    await registry.delete("a", { allVersions: true });
    assertEquals(await registry.load("b"), noise(500_000));
  },
);

testInMemory("save() refuses a base that is not there", async ({ registry }) => {
  const error = await rejected("NotFound", registry.save("a", noise(500_000), { base: "b@1" }));
  assertMatch(error.message, /b@1/);
  assertEquals(await registry.has("a"), false);
});
