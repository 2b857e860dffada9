import { assertEquals, assertMatch } from "@std/assert";
import { collect, rejected } from "../rejected.ts";
import { keysOf, noise, testInMemory, testOnEach } from "../registries.ts";

testOnEach("delete() removes a version and says whether there was one", async ({ registry }) => {
  for (const version of ["1", "2"]) await registry.save("a", version, { version });
  assertEquals(await registry.delete("a@1"), true);
  assertEquals(await registry.delete("a@1"), false);
  assertEquals(await registry.delete("a@7"), false);
  assertEquals(await registry.delete("b", { allVersions: true }), false);
  assertEquals(await registry.delete("b@^1"), false);
  assertEquals(await registry.has("a@1"), false);
  assertEquals(await registry.load("a"), "2");
});

testOnEach(
  "delete() of a bare name removes every version, prereleases too",
  async ({ registry, backend }) => {
    for (const version of ["1", "2", "3.0.0-rc.1"]) {
      await registry.save("a", noise(100_000), {
        version,
      });
    }
    await registry.save("a/b", "stays");
    assertEquals(await registry.delete("a", { allVersions: true }), true);
    assertEquals(await registry.delete("a", { allVersions: true }), false);
    assertEquals(await collect(registry.versions("a")), []);
    assertEquals(await collect(registry.names()), ["a/b"]);
    assertEquals(await registry.has("a"), false);
    const objects = await keysOf(backend, "objects/a/");
    assertEquals(
      objects.length > 0,
      true,
      "bytes stay until the janitor comes: readers may be at them",
    );
  },
);

testOnEach(
  "delete() by a range or as latest removes the newest that is meant",
  async ({ registry }) => {
    for (const version of ["1.0", "1.1", "2.0"]) await registry.save("a", version, { version });
    assertEquals(await registry.delete("a@^1"), true);
    assertEquals(await registry.delete("a@latest"), true);
    assertEquals((await collect(registry.versions("a"))).map(({ version }) => version), ["1.0.0"]);
  },
);

testOnEach(
  "delete() refuses a version that an alias names, unless forced",
  async ({ registry }) => {
    for (const version of ["1", "2"]) await registry.save("a", version, { version });
    await registry.setAlias("a", "production", "1");
    for (const ref of ["a@1", "a@production", "a@1.0", "a"]) {
      const error = await rejected("Conflict", registry.delete(ref, { allVersions: ref === "a" }));
      assertMatch(error.message, /"a@1\.0\.0": the alias "production" names it/);
      assertMatch(error.hint!, /force/);
    }
    assertEquals((await collect(registry.versions("a"))).length, 2, "refused as a whole");
    assertEquals(await registry.delete("a@2"), true);
    assertEquals(await registry.delete("a@1", { force: true }), true);
    assertEquals(await registry.delete("a@1"), false);
    const gone = await rejected("NotFound", registry.load("a@production"));
    assertMatch(gone.message, /"a@production".*1\.0\.0.*deleted/);
  },
);

testOnEach("delete() with ifCommit removes only that commit", async ({ registry }) => {
  const first = await registry.save("a", 1, { version: "1" });
  const second = await registry.save("a", 2, { version: "1", onConflict: "overwrite" });
  await rejected("Conflict", registry.delete("a@1", { ifCommit: first.commit }));
  assertEquals(await registry.load("a"), 2);
  await rejected("Invalid", registry.delete("a", { allVersions: true, ifCommit: second.commit }));
  assertEquals(await registry.delete("a@1", { ifCommit: second.commit }), true);
  assertEquals(await registry.has("a"), false);
}, { mutable: true });

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

testOnEach(
  "delete() by many at once succeeds for one, and fails for nobody",
  async ({ registry }) => {
    await registry.save("a", 1);
    const outcomes = await Promise.all(Array.from({ length: 8 }, () => registry.delete("a@1")));
    assertEquals(outcomes.filter(Boolean).length, 1);
    assertEquals(await registry.has("a"), false);
  },
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

testInMemory("delete() refuses what is not a ref", async ({ registry }) => {
  for (const ref of ["", "@", "a@", "a@01", "a@1@2"]) {
    await rejected("Invalid", registry.delete(ref));
  }
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
