import { assertEquals } from "@std/assert";
import { defineMaterializer } from "../../../core/materializer.ts";
import { TOMBSTONE_BYTES } from "../../../core/record/record.ts";
import { collect, rejected } from "../rejected.ts";
import { withHooks } from "../with_hooks.ts";
import { noise, testInMemory, testOnEach } from "../registries.ts";

testOnEach(
  "get() throws what is damaged instead of calling it missing",
  async ({ registry, backend }) => {
    await registry.save("a", noise(400_000));
    for await (const entry of backend.list("objects/")) {
      if ("key" in entry) {
        await backend.delete(entry.key);
      }
    }
    await rejected("Corrupt", registry.get("a"));
    const [[name, value, error]] = await collect(registry.entries());
    assertEquals([name, value, error?.code], ["a", undefined, "Corrupt"]);
  },
);

testInMemory(
  "get() throws when a materializer misses a file of a version that is there",
  async ({ registry }) => {
    const confused = defineMaterializer<RegExp>({
      id: "test/confused",
      class: RegExp,
      save: () => [{ path: "one", content: new Uint8Array(1) }],
      load: (artifact) => Promise.reject(artifact.file("two")),
    });
    registry.materializers.register(confused);
    await registry.save("a", /x/);
    await rejected("NotFound", registry.get("a"));
    await rejected("NotFound", collect(registry.entries()));
  },
);

testOnEach("set() refuses to replace where the registry is not mutable", async ({ registry }) => {
  await registry.set("a", 1);
  await rejected("AlreadyExists", registry.set("a", 2));
  assertEquals(await registry.get("a"), 1);
}, { versioned: false });

testOnEach(
  "a registry is iterated by name, and entries() adds the latest values",
  async ({ registry }) => {
    const values: Record<string, unknown> = { a: 1, b: [2], "c/d": "three" };
    for (const [name, value] of Object.entries(values)) {
      await registry.save(name, "older");
      await registry.save(name, value);
    }
    assertEquals((await collect(registry)).sort(), Object.keys(values));
    assertEquals(Object.fromEntries(await collect(registry.entries())), values);
    assertEquals(await collect(registry.entries({ prefix: "c" })), [["c/d", "three"]]);
    assertEquals((await collect(registry.entries({ limit: 2 }))).length, 2);
    for await (const name of registry) {
      assertEquals(typeof name, "string");
      break; // leaves nothing open
    }
  },
);

testOnEach("entries() leaves out what is deleted while it is read", async ({ registry, open }) => {
  for (const name of ["a", "b", "c"]) await registry.save(name, name);
  let deleted = false;
  const reader = await open({}, (inner) =>
    withHooks(inner, {
      async before({ verb, key }) {
        if (deleted || verb !== "get" || !key.startsWith("names/b/")) return;
        deleted = true;
        await registry.delete("b", { allVersions: true });
        for await (const entry of inner.list("names/b/")) { // as if the grace were over
          if ("key" in entry && entry.size !== TOMBSTONE_BYTES) await inner.delete(entry.key);
        }
      },
    }));
  assertEquals(Object.fromEntries(await collect(reader.entries())), { a: "a", c: "c" });
  assertEquals(deleted, true);
});
