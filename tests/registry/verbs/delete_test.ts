import { assertEquals, assertMatch } from "@std/assert";
import { rejected } from "../rejected.ts";
import { keysOf, testInMemory, testOnEach } from "../registries.ts";

testOnEach(
  "delete() with ifCommit takes a bare name where there are no versions",
  async ({ registry }) => {
    const { commit } = await registry.save("a", 1);
    await rejected("Conflict", registry.delete("a", { allVersions: true, ifCommit: "another" }));
    assertEquals(await registry.delete("a", { allVersions: true, ifCommit: commit }), true);
    await rejected("AlreadyExists", registry.save("a", 2));
  },
  { versioned: false },
);

testOnEach("delete() removes a version whose record is damaged", async ({ registry, backend }) => {
  for (const version of ["1", "2"]) await registry.save("a", version, { version });
  const [newest] = await keysOf(backend, "names/a/versions/");
  await backend.put(newest, new TextEncoder().encode("not a record"));
  await rejected("Corrupt", registry.load("a"));
  assertEquals(await registry.delete("a@2"), true);
  assertEquals(await registry.load("a"), "1");
  assertEquals((await registry.save("a", "3")).version, "3.0.0");
});

testInMemory(
  "delete() takes the version beside a bare name, and leaves the others",
  async ({ registry }) => {
    await registry.save("a", 1);
    await registry.save("a", 2);
    assertEquals(await registry.delete("a", { version: "1.0.0" }), true);
    assertEquals(await registry.get("a"), 2);
    await rejected("Invalid", registry.delete("a@2", { version: "2" }));
  },
);

testInMemory(
  "delete() of a bare name needs allVersions, but where a name has one value",
  async ({ registry }) => {
    await registry.save("a", 1);
    const error = await rejected("Invalid", registry.delete("a"));
    assertMatch(error.hint!, /allVersions: true/);
    await rejected("Invalid", registry.delete("a@1", { allVersions: true }));
    assertEquals(await registry.has("a@1"), true);
    assertEquals(await registry.delete("a", { allVersions: true }), true);
  },
);

testInMemory(
  "delete() of a bare name is of its one value in a registry without versions",
  async ({ registry }) => {
    await registry.set("a", 1);
    assertEquals(await registry.delete("a"), true);
  },
  { versioned: false },
);
