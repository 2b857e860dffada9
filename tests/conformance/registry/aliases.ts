// Cases about aliases and their history.
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { aliasesOf, collect, refused, type RegistryCase } from "./registry_case.ts";
import { given } from "../given.ts";

export const aliasCases: readonly RegistryCase[] = [
  given(
    "aliases() lists the aliases of a name with their current versions",
    async ({ registry, writer }) => {
      for (const version of ["1", "2.1", "3.0.0-rc.1"]) {
        await writer.save("a", version, { version });
      }
      await writer.setAlias("a", "production", "2.1");
      await writer.setAlias("a", "canary", "3.0.0-rc.1");
      deepStrictEqual(await aliasesOf(registry, "a"), {
        canary: "3.0.0-rc.1",
        production: "2.1.0",
      });
      await writer.setAlias("a", "production", "1");
      strictEqual(await registry.load("a@production"), "1");
      deepStrictEqual(await aliasesOf(registry, "b"), {});
      await refused("Invalid", aliasesOf(registry, " a"));
    },
  ),
  given(
    "setAlias() resolves a range, latest or another alias",
    async ({ registry, reopen }) => {
      for (const version of ["1.0", "1.5"]) await registry.save("a", version, { version });
      await registry.setAlias("a", "one", "^1");
      await registry.setAlias("a", "newest", "latest");
      await registry.setAlias("a", "same", "one");
      await registry.save("a", "2", { version: "2" });
      for (const each of [registry, await reopen()]) {
        deepStrictEqual(await aliasesOf(each, "a"), {
          newest: "1.5.0",
          one: "1.5.0",
          same: "1.5.0",
        });
      }
    },
    { needs: ["save"] },
  ),
  given("setAlias() changes an alias only from the expected version", async ({ registry }) => {
    for (const version of ["1", "2", "3"]) await registry.save("a", version, { version });
    await registry.setAlias("a", "production", "1", { expected: null });
    await refused("Conflict", registry.setAlias("a", "production", "2", { expected: null }));
    await registry.setAlias("a", "production", "2", { expected: "1.0" });
    await refused("Conflict", registry.setAlias("a", "production", "3", { expected: "1" }));
    await refused("Conflict", registry.setAlias("a", "canary", "3", { expected: "1" }));
    deepStrictEqual(await aliasesOf(registry, "a"), { production: "2.0.0" });
    await registry.deleteAlias("a", "production");
    await registry.setAlias("a", "production", "3", { expected: null });
  }, { needs: ["save"] }),
  given("deleteAlias() removes an alias only from the expected version", async ({ registry }) => {
    for (const version of ["1", "2"]) await registry.save("a", version, { version });
    await registry.setAlias("a", "production", "1");
    await refused("Conflict", registry.deleteAlias("a", "production", { expected: "2" }));
    await refused("Conflict", registry.deleteAlias("a", "production", { expected: null }));
    await refused("Conflict", registry.deleteAlias("a", "canary", { expected: "1" }));
    strictEqual(await registry.deleteAlias("a", "production", { expected: "1.0" }), true);
    strictEqual(await registry.deleteAlias("a", "production", { expected: null }), false);
    deepStrictEqual(await aliasesOf(registry, "a"), {});
  }, { needs: ["save"] }),
  given("one of many concurrent setAlias() calls with expected wins", async ({ registry }) => {
    for (let i = 1; i <= 6; i++) await registry.save("a", i, { version: `${i}` });
    const tries = [1, 2, 3, 4, 5, 6].map((i) =>
      registry.setAlias("a", "p", `${i}`, { expected: null })
    );
    const outcomes = await Promise.allSettled(tries);
    const won = outcomes.flatMap(({ status }, i) => status === "fulfilled" ? [i] : []);
    strictEqual(won.length, 1);
    deepStrictEqual(await aliasesOf(registry, "a"), { p: `${won[0] + 1}.0.0` });
  }, { needs: ["save"] }),
  given(
    "setAlias() refuses a missing version and an invalid alias",
    async ({ registry }) => {
      await registry.save("a", 1);
      for (const [name, version] of [["a", "2"], ["b", "1"], ["a", "other"]]) {
        await refused("NotFound", registry.setAlias(name, "production", version));
      }
      for (
        const alias of ["latest", "1", "1.2.3", "v1", "^1", "1.x", "*", "a b", "", "a@b", "x\0"]
      ) {
        await refused("Invalid", registry.setAlias("a", alias, "1"));
        await refused("Invalid", registry.deleteAlias("a", alias));
      }
      deepStrictEqual(await aliasesOf(registry, "a"), {});
      for (
        const alias of [
          "production",
          "Production",
          "con",
          "a:b",
          "é",
          "🦊",
          "blue-green",
          "__proto__",
          "...",
          "%2F",
        ]
      ) {
        await registry.setAlias("a", alias, "1");
        strictEqual(await registry.load(`a@${alias}`), 1, alias);
      }
      strictEqual(Object.keys(await aliasesOf(registry, "a")).length, 10);
    },
    { needs: ["save"] },
  ),
  given("deleteAlias() removes an alias and returns whether it existed", async ({ registry }) => {
    await registry.save("a", 1);
    await registry.setAlias("a", "production", "1");
    strictEqual(await registry.deleteAlias("a", "production"), true);
    strictEqual(await registry.deleteAlias("a", "production"), false);
    strictEqual(await registry.deleteAlias("b", "production"), false);
    deepStrictEqual(await aliasesOf(registry, "a"), {});
    await refused("NotFound", registry.load("a@production"));
    strictEqual(await registry.delete("a@1"), true);
  }, { needs: ["save"] }),
  given("an alias follows its version through an overwrite", async ({ registry }) => {
    await registry.save("a", "old", { version: "1" });
    await registry.setAlias("a", "production", "1");
    await registry.save("a", "new", { version: "1", onConflict: "overwrite" });
    strictEqual(await registry.load("a@production"), "new");
  }, { needs: ["save"], settings: { mutable: true } }),
  given("save({ alias }) sets aliases, also in a repeat", async ({ registry }) => {
    await refused("Invalid", registry.save("a", 0, { alias: ["production", "latest"] }));
    strictEqual(await registry.has("a"), false);
    await registry.save("a", 1, { idempotencyKey: "first" });
    const alias = ["production", "canary"];
    const { skipped } = await registry.save("a", 1, { idempotencyKey: "first", alias });
    strictEqual(skipped, true);
    deepStrictEqual(await aliasesOf(registry, "a"), { canary: "1.0.0", production: "1.0.0" });
    await registry.save("a", 2, { alias: "production" });
    await registry.save("a", 1, { idempotencyKey: "first", alias }); // must not move it back
    deepStrictEqual(await aliasesOf(registry, "a"), { canary: "1.0.0", production: "2.0.0" });
    await registry.save("a", 2, { skipIfUnchanged: true, alias: "canary" });
    deepStrictEqual(await aliasesOf(registry, "a"), { canary: "2.0.0", production: "2.0.0" });
  }, { needs: ["save"] }),
  given(
    "rollbackAlias() sets an alias to the version before, and repeats do not count as one",
    async ({ registry }) => {
      for (const version of ["1", "2", "3"]) await registry.save("a", version, { version });
      for (const version of ["1", "2", "3", "3.0", "latest"]) {
        await registry.setAlias("a", "production", version);
      }
      const rolledBack = await registry.rollbackAlias("a", "production");
      deepStrictEqual(rolledBack, { alias: "production", version: "2.0.0", was: "3.0.0" });
      deepStrictEqual(await aliasesOf(registry, "a"), { production: "2.0.0" });
      await registry.deleteAlias("a", "production");
      deepStrictEqual(await registry.rollbackAlias("a", "production"), {
        alias: "production",
        version: "2.0.0",
      });
      strictEqual(await registry.load("a@production"), "2");
    },
    { needs: ["save"] },
  ),
  given("rollbackAlias() refuses what it cannot roll back", async ({ registry }) => {
    for (const version of ["1", "2"]) await registry.save("a", version, { version });
    await registry.setAlias("a", "production", "1");
    await refused("NotFound", registry.rollbackAlias("a", "canary"));
    await refused("NotFound", registry.rollbackAlias("b", "production"));
    await refused("NotFound", registry.rollbackAlias("a", "production"));
    await refused("Invalid", registry.rollbackAlias("a", "latest"));
    await registry.setAlias("a", "production", "2");
    for (const expected of ["1", null]) {
      await refused("Conflict", registry.rollbackAlias("a", "production", { expected }));
    }
    await registry.delete("a@1");
    await refused("NotFound", registry.rollbackAlias("a", "production"));
    deepStrictEqual(await aliasesOf(registry, "a"), { production: "2.0.0" });
    await registry.save("a", "3", { version: "3" });
    await registry.setAlias("a", "production", "3");
    const { version } = await registry.rollbackAlias("a", "production", { expected: "3" });
    strictEqual(version, "2.0.0");
  }, { needs: ["save"] }),
  given(
    "history() lists the versions and removals of an alias, newest first",
    async ({ registry, writer }) => {
      for (const version of ["1", "2.1", "3.0.0-rc.1"]) {
        await writer.save("a", version, { version });
      }
      for (const version of ["1", "2.1"]) await writer.setAlias("a", "production", version);
      await writer.deleteAlias("a", "production");
      await writer.setAlias("a", "production", "3.0.0-rc.1");
      await writer.setAlias("a", "canary", "1");
      const changes = await collect(registry.history("a", "production"));
      deepStrictEqual(changes.map(({ version, generation }) => [version, generation]), [
        ["3.0.0-rc.1", 4],
        [undefined, 3],
        ["2.1.0", 2],
        ["1.0.0", 1],
      ]);
      strictEqual("version" in changes[1], false);
      strictEqual(new Set(changes.map(({ commit }) => commit)).size, 4);
      for (let i = 1; i < changes.length; i++) {
        ok(changes[i - 1].changedAt >= changes[i].changedAt);
        ok(changes[i - 1].createdAt >= changes[i].createdAt);
      }
      strictEqual((await collect(registry.history("a", "production", { limit: 1 }))).length, 1);
      deepStrictEqual(await collect(registry.history("a", "production", { limit: 0 })), []);
      for (const { generation } of changes) {
        deepStrictEqual(
          await collect(registry.history("a", "production", { after: generation })),
          changes.filter((change) => change.generation < generation),
        );
      }
      await refused("Invalid", collect(registry.history("a", "production", { after: 0 })));
      await refused("NotFound", collect(registry.history("a", "prod", { after: 9 })));
      await refused("NotFound", collect(registry.history("a", "prod")));
      await refused("NotFound", collect(registry.history("b", "production")));
      await refused("Invalid", collect(registry.history("a", "latest")));
      await writer.delete("a", { allVersions: true, force: true });
      strictEqual((await collect(registry.history("a", "production"))).length, 5);
    },
  ),
  given(
    "delete() of a whole name by force deletes its aliases, whose history stays",
    async ({ registry, writer }) => {
      for (const version of ["1", "2"]) await writer.save("a", version, { version });
      for (const alias of ["production", "canary"]) await writer.setAlias("a", alias, "1");
      await writer.delete("a", { version: "2", force: true });
      await refused("Conflict", writer.delete("a", { allVersions: true }));
      deepStrictEqual(await aliasesOf(registry, "a"), { canary: "1.0.0", production: "1.0.0" });
      await writer.delete("a", { allVersions: true, force: true, dryRun: true });
      deepStrictEqual(await aliasesOf(registry, "a"), { canary: "1.0.0", production: "1.0.0" });
      strictEqual(await writer.delete("a", { allVersions: true, force: true }), true);
      deepStrictEqual(await aliasesOf(registry, "a"), {});
      const changes = await collect(registry.history("a", "production"));
      deepStrictEqual(changes.map(({ version }) => version), [undefined, "1.0.0"]);
    },
  ),
];
