import { assertEquals, assertMatch } from "@std/assert";
import { rejected } from "../rejected.ts";
import { keysOf, testInMemory, testOnEach } from "../registries.ts";

testOnEach(
  "setAlias() lets a word name a version, and another one later",
  async ({ registry, open }) => {
    for (const version of ["1", "2.1", "3.0.0-rc.1"]) {
      await registry.save("a", version, {
        version,
      });
    }
    await registry.setAlias("a", "production", "2.1");
    await registry.setAlias("a", "canary", "3.0.0-rc.1");
    assertEquals(await registry.aliases("a"), { canary: "3.0.0-rc.1", production: "2.1.0" });
    assertEquals(await (await open()).load("a@production"), "2.1");
    await registry.setAlias("a", "production", "1");
    assertEquals(await registry.load("a@production"), "1");
    assertEquals(await registry.aliases("b"), {});
  },
);

testOnEach(
  "setAlias() takes what a range, latest or another alias means now",
  async ({ registry }) => {
    for (const version of ["1.0", "1.5"]) await registry.save("a", version, { version });
    await registry.setAlias("a", "one", "^1");
    await registry.setAlias("a", "newest", "latest");
    await registry.setAlias("a", "same", "one");
    await registry.save("a", "2", { version: "2" });
    assertEquals(await registry.aliases("a"), { newest: "1.5.0", one: "1.5.0", same: "1.5.0" });
  },
);

testOnEach("setAlias() changes an alias only from what is expected", async ({ registry }) => {
  for (const version of ["1", "2", "3"]) await registry.save("a", version, { version });
  await registry.setAlias("a", "production", "1", { expected: null });
  const taken = await rejected(
    "Conflict",
    registry.setAlias("a", "production", "2", { expected: null }),
  );
  assertMatch(taken.message, /it names 1\.0\.0, not nothing/);
  await registry.setAlias("a", "production", "2", { expected: "1.0" });
  const changed = await rejected(
    "Conflict",
    registry.setAlias("a", "production", "3", { expected: "1" }),
  );
  assertMatch(changed.message, /it names 2\.0\.0, not 1\.0\.0/);
  await rejected("Conflict", registry.setAlias("a", "canary", "3", { expected: "1" }));
  assertEquals(await registry.aliases("a"), { production: "2.0.0" });
  await registry.deleteAlias("a", "production");
  await registry.setAlias("a", "production", "3", { expected: null });
});

testOnEach("setAlias() with expected has one winner among many at once", async ({ registry }) => {
  for (let i = 1; i <= 8; i++) await registry.save("a", i, { version: `${i}` });
  const tries = Array.from(
    { length: 8 },
    (_, i) => registry.setAlias("a", "p", `${i + 1}`, { expected: null }),
  );
  const outcomes = await Promise.allSettled(tries);
  const won = outcomes.flatMap(({ status }, i) => status === "fulfilled" ? [i] : []);
  assertEquals(won.length, 1);
  assertEquals(await registry.aliases("a"), { p: `${won[0] + 1}.0.0` });
});

testOnEach(
  "setAlias() by many at once fails for nobody, and the last one counts",
  async ({ registry, backend }) => {
    for (let i = 1; i <= 8; i++) await registry.save("a", i, { version: `${i}` });
    await Promise.all(Array.from({ length: 8 }, (_, i) => registry.setAlias("a", "p", `${i + 1}`)));
    assertEquals((await keysOf(backend, "names/a/aliases/")).length, 8);
    assertEquals(Object.keys(await registry.aliases("a")), ["p"]);
  },
);

testOnEach("setAlias() refuses a version that is not there", async ({ registry }) => {
  await registry.save("a", 1);
  await rejected("NotFound", registry.setAlias("a", "production", "2"));
  await rejected("NotFound", registry.setAlias("b", "production", "1"));
  await rejected("NotFound", registry.setAlias("a", "production", "other"));
  await registry.delete("a@1");
  await rejected("NotFound", registry.setAlias("a", "production", "1"));
  assertEquals(await registry.aliases("a"), {});
});

testInMemory(
  "setAlias() refuses words that look like a version, a range or latest",
  async ({ registry }) => {
    await registry.save("a", 1);
    for (
      const alias of [
        "latest",
        "1",
        "1.2.3",
        "v1",
        "^1",
        "1.x",
        "*",
        ">=2",
        "a b",
        "",
        "1_0",
        "٣",
        "a@b",
        "x\0",
        "-1",
      ]
    ) {
      await rejected("Invalid", registry.setAlias("a", alias, "1"));
      await rejected("Invalid", registry.deleteAlias("a", alias));
    }
    for (
      const alias of [
        "production",
        "Production",
        "con",
        "a/b",
        "é",
        "🦊",
        "blue-green",
        "x1",
        "__proto__",
      ]
    ) {
      await registry.setAlias("a", alias, "1");
      assertEquals(await registry.load(`a@${alias}`), 1, alias);
    }
    assertEquals(Object.keys(await registry.aliases("a")).length, 9);
  },
);

testOnEach(
  "deleteAlias() removes an alias and says whether there was one",
  async ({ registry }) => {
    await registry.save("a", 1);
    await registry.setAlias("a", "production", "1");
    assertEquals(await registry.deleteAlias("a", "production"), true);
    assertEquals(await registry.deleteAlias("a", "production"), false);
    assertEquals(await registry.deleteAlias("b", "production"), false);
    assertEquals(await registry.aliases("a"), {});
    await rejected("NotFound", registry.load("a@production"));
    assertEquals(await registry.delete("a@1"), true);
  },
);

testOnEach("an alias follows its version through an overwrite", async ({ registry }) => {
  await registry.save("a", "old", { version: "1" });
  await registry.setAlias("a", "production", "1");
  await registry.save("a", "new", { version: "1", onConflict: "overwrite" });
  assertEquals(await registry.load("a@production"), "new");
}, { mutable: true });
