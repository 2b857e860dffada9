import { assert, assertEquals } from "@std/assert";
import { collect, rejected } from "../rejected.ts";
import { keysOf, noise, testInMemory, testOnEach } from "../registries.ts";

testOnEach(
  "history() lists the versions and removals of an alias, newest first",
  async ({ registry, open }) => {
    for (const version of ["1", "2.1", "3.0.0-rc.1"]) {
      await registry.save("a", version, {
        version,
      });
    }
    await registry.setAlias("a", "production", "1");
    await registry.setAlias("a", "production", "2.1");
    await registry.deleteAlias("a", "production");
    await registry.setAlias("a", "production", "3.0.0-rc.1");
    await registry.setAlias("a", "canary", "1");
    const changes = await collect((await open()).history("a", "production"));
    assertEquals(changes.map(({ version, generation }) => [version, generation]), [
      ["3.0.0-rc.1", 4],
      [undefined, 3],
      ["2.1.0", 2],
      ["1.0.0", 1],
    ]);
    assertEquals("version" in changes[1], false);
    assertEquals(new Set(changes.map(({ commit }) => commit)).size, 4);
    for (let i = 1; i < changes.length; i++) {
      assert(changes[i - 1].changedAt >= changes[i].changedAt);
      assert(changes[i - 1].createdAt >= changes[i].createdAt);
    }
    await registry.deleteAlias("a", "production");
    const [last] = await collect(registry.history("a", "production", { limit: 1 }));
    assertEquals([last.version, last.generation], [undefined, 5]);
    assertEquals(await collect(registry.history("a", "production", { limit: 0 })), []);
  },
);

testOnEach("history() of what never was an alias is NotFound", async ({ registry }) => {
  await registry.save("a", 1);
  await registry.setAlias("a", "production", "1");
  await rejected("NotFound", collect(registry.history("a", "prod")));
  await rejected("NotFound", collect(registry.history("b", "production")));
  await rejected("Invalid", collect(registry.history("a", "latest")));
  await rejected("Invalid", collect(registry.history("a@1", "production")));
});

testInMemory("history() survives the versions that it names", async ({ registry }) => {
  await registry.save("a", 1);
  await registry.setAlias("a", "production", "1");
  await registry.delete("a", { allVersions: true, force: true });
  const changes = await collect(registry.history("a", "production"));
  assertEquals(changes.map(({ version }) => version), [undefined, "1.0.0"]);
});

testInMemory(
  "history() reports damage where it reaches it, and skips objects that are not records",
  async (world) => {
    const { registry, backend } = world;
    for (const version of ["1", "2", "3"]) {
      await registry.save("a", version, { version });
      await registry.setAlias("a", "production", version);
    }
    await backend.put("names/a/aliases/production/notes.txt", noise(3));
    const keys = (await keysOf(backend, "names/a/aliases/")).filter((key) => key.endsWith(".rec"));
    assertEquals((await collect(registry.history("a", "production"))).length, 3);
    await backend.put(keys[1], noise(300));
    const seen: (string | undefined)[] = [];
    const reading = async () => {
      for await (const { version } of registry.history("a", "production")) seen.push(version);
    };
    assertEquals((await rejected("Corrupt", reading())).key, keys[1]);
    assertEquals(seen, ["3.0.0"]);
  },
);

testOnEach("an alias that is set to its version again has no new change", async (world) => {
  const { registry, open } = world;
  for (const n of [1, 2, 3]) await registry.save("a", n);
  for (const version of ["2", "3", "3.0.0", "3"]) await registry.setAlias("a", "live", version);
  await (await open()).setAlias("a", "live", "3", { expected: "3" });
  await rejected("Conflict", registry.setAlias("a", "live", "3", { expected: "2" }));
  const [now, before, ...more] = await collect(registry.history("a", "live"));
  assertEquals([now?.version, before?.version, more.length], ["3.0.0", "2.0.0", 0]);
  await registry.deleteAlias("a", "live");
  await registry.setAlias("a", "live", "3");
  assertEquals((await collect(registry.history("a", "live"))).length, 4);
});
