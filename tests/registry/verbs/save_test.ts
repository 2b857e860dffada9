import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { text } from "../../../materializers/mod.ts";
import type { TransferProgress } from "../../../core/registry.ts";
import { recordCalls, withHooks } from "../with_hooks.ts";
import { rejected } from "../rejected.ts";
import { keysOf, noise, testInMemory, testOnEach } from "../registries.ts";

testOnEach("save() returns what was saved, and load() gives it back", async ({ registry }) => {
  const saved = await registry.save("my:model", { depth: 12 }, { metadata: { by: "me" } });
  assertEquals(saved.name, "my:model");
  assertEquals(saved.version, "1.0.0");
  assertEquals(saved.skipped, false);
  assertMatch(
    saved.commit,
    /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
  );
  assertMatch(saved.digest, /^[0-9a-f]{64}$/);
  assert(saved.size > 0);
  assert(saved.createdAt instanceof Date);
  assertEquals(await registry.load("my:model"), { depth: 12 });
  const info = await registry.info("my:model");
  assertEquals([info.commit, info.digest, info.size, info.createdAt], [
    saved.commit,
    saved.digest,
    saved.size,
    saved.createdAt,
  ]);
});

testInMemory(
  "save() refuses `as`, which load() takes: the value would be kept in another way",
  async ({ registry }) => {
    const error = await rejected("Invalid", registry.save("a", 1, { as: text() } as never));
    assertMatch(error.hint!, /materializer/);
    assertEquals(await registry.has("a"), false);
  },
);

testOnEach(
  "save() keeps values of every size: empty, inline, packed and large",
  async ({ registry }) => {
    for (const size of [0, 1, 511, 512, 65_535, 65_536, 65_537, 262_144, 262_145, 3_000_000]) {
      const bytes = noise(size);
      const saved = await registry.save("sizes", bytes);
      assertEquals(saved.size, size);
      assertEquals(await registry.load(`sizes@${saved.version}`), bytes);
    }
  },
);

testInMemory(
  "save() accepts one to three numbers and shows the version in full",
  async ({ registry }) => {
    assertEquals((await registry.save("a", 1, { version: "2" })).version, "2.0.0");
    assertEquals((await registry.save("a", 1, { version: "2.1" })).version, "2.1.0");
    assertEquals((await registry.save("a", 1, { version: "2.1.1-rc.1" })).version, "2.1.1-rc.1");
    for (const same of ["2", "2.0", "2.0.0"]) {
      await rejected(
        "AlreadyExists",
        registry.save("a", 1, { version: same }),
      );
    }
  },
);

testInMemory(
  "save() keeps build metadata, which does not make another version",
  async ({ registry }) => {
    assertEquals(
      (await registry.save("a", 1, { version: "1.0.0+build.7" })).version,
      "1.0.0+build.7",
    );
    assertEquals((await registry.info("a")).version, "1.0.0+build.7");
    await rejected("AlreadyExists", registry.save("a", 2, { version: "1.0.0+build.8" }));
    assertEquals(await registry.load("a@1.0.0+anything"), 1);
  },
);

testOnEach(
  "save() gives equal content an equal digest, whatever its version and metadata",
  async ({ registry }) => {
    const one = await registry.save("a", { x: 1 }, { metadata: { run: 1 } });
    const two = await registry.save("b", { x: 1 }, { metadata: { run: 2 }, compress: "gzip" });
    const other = await registry.save("a", { x: 2 });
    assertEquals(two.digest, one.digest);
    assertNotEquals(other.digest, one.digest);
    assertNotEquals(two.commit, one.commit);
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

testInMemory("save() tells how far it is", async ({ registry }) => {
  const heard: TransferProgress[] = [];
  await registry.save("a", noise(3_000_000), { onProgress: (progress) => heard.push(progress) });
  assertEquals(heard.at(-1)?.bytes, 3_000_000);
  assert(heard.every(({ bytes }, i) => i === 0 || bytes >= heard[i - 1].bytes));
});

testInMemory("save() gives inputs and metadata back as they were", async ({ registry }) => {
  const inputs = ["data:raw@1.0.0", "config"];
  await registry.save("a", 1, { inputs });
  inputs.push("later");
  assertEquals((await registry.info("a")).inputs, ["data:raw@1.0.0", "config"]);
  await registry.save("b", 1);
  assertEquals((await registry.info("b")).inputs, []);
  await rejected("Invalid", registry.save("a", 1, { inputs: ["not a ref@@"] }));
});
