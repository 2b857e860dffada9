// Cases about what a registry has of a map.
import { asMap } from "../../../registry/contract/map.ts";
import { deepStrictEqual, strictEqual } from "node:assert/strict";
import type { ClearOptions } from "../../../core/registry.ts";
import { collect, refused, type RegistryCase, throwsSame, versionsOf } from "./registry_case.ts";
import { given } from "../given.ts";

export const mapCases: readonly RegistryCase[] = [
  given(
    "size(), keys() and values() cover the names and their latest values",
    async ({ registry, writer }) => {
      strictEqual(await asMap(registry).size(), 0);
      for (const [name, value] of [["a/1", 1], ["a/2", 2], ["b", 3], ["a/1", 4]] as const) {
        await writer.save(name, value);
      }
      strictEqual(await asMap(registry).size(), 3);
      strictEqual(await asMap(registry).size({ prefix: "a/" }), 2);
      deepStrictEqual(await collect(asMap(registry).keys()), await collect(registry.names()));
      deepStrictEqual(await collect(asMap(registry).keys({ prefix: "a/", limit: 1 })), ["a/1"]);
      deepStrictEqual(await collect(asMap(registry).values()), [4, 2, 3]);
      deepStrictEqual(await collect(asMap(registry).values({ after: "a/1" })), [2, 3]);
    },
  ),
  given(
    "has() and delete() are those of a map: delete() removes every version of a name",
    async ({ registry, writer }) => {
      const map = asMap(registry);
      await writer.save("a", 1);
      await writer.save("a", 2);
      deepStrictEqual([await map.has("a"), await map.has("b")], [true, false]);
      if (registry !== writer) return;
      deepStrictEqual([await map.delete("a"), await map.delete("a")], [true, false]);
      deepStrictEqual([await map.has("a"), await map.get("a")], [false, undefined]);
      deepStrictEqual(await versionsOf(registry, "a"), []);
    },
  ),
  given(
    "update() sets each value of an object, of a map, or of pairs as they come",
    async ({ registry }) => {
      const saved = await asMap(registry).update({ a: 1, b: 2 });
      deepStrictEqual(saved.map(({ name, version }) => [name, version]), [["a", "1.0.0"], [
        "b",
        "1.0.0",
      ]]);
      await asMap(registry).update(new Map([["a", 3]]));
      deepStrictEqual(await versionsOf(registry, "a"), ["2.0.0", "1.0.0"]);
      async function* pairs(): AsyncGenerator<[string, unknown]> {
        yield await Promise.resolve(["c", 4]);
      }
      await asMap(registry).update(pairs());
      deepStrictEqual(Object.fromEntries(await collect(asMap(registry).entries())), {
        a: 3,
        b: 2,
        c: 4,
      });
      deepStrictEqual(await asMap(registry).update({}), []);
    },
    { needs: ["save"] },
  ),
  given(
    "update() throws the first failure, also of its input; earlier values stay",
    async ({ registry }) => {
      const values = [["a", 1], ["bad@name", 2], ["c", 3]] as const;
      await refused("Invalid", asMap(registry).update(values, { concurrency: 1 }));
      deepStrictEqual(await collect(registry.names()), ["a"]);
      const reason = new Error("enough");
      function* broken(): Generator<[string, unknown]> {
        yield ["d", 1];
        throw reason;
      }
      await throwsSame(asMap(registry).update(broken()), reason);
    },
    { needs: ["save"] },
  ),
  given(
    "update() replaces the values of a mutable registry without versions",
    async ({ registry }) => {
      await asMap(registry).update({ a: 1, b: 2 });
      await asMap(registry).update({ a: 3 });
      deepStrictEqual(Object.fromEntries(await collect(asMap(registry).entries())), { a: 3, b: 2 });
    },
    { needs: ["save"], settings: { versioned: false, mutable: true } },
  ),
  given(
    "setDefault() returns the existing value, or saves this one; concurrent calls all return the same",
    async ({ registry }) => {
      strictEqual(await asMap(registry).setDefault("a", 1), 1);
      strictEqual(await asMap(registry).setDefault("a", 2), 1);
      const values = await Promise.all(
        [1, 2, 3, 4, 5].map((value) => asMap(registry).setDefault("b", value)),
      );
      deepStrictEqual(new Set(values).size, 1);
      deepStrictEqual(await versionsOf(registry, "b"), ["1.0.0"]);
      await registry.delete("a@1");
      strictEqual(await asMap(registry).setDefault("a", 3), 3); // as another version
      deepStrictEqual(await versionsOf(registry, "a"), ["2.0.0"]);
    },
    { needs: ["save"] },
  ),
  given(
    "setDefault() saves a deleted value again in a registry without versions",
    async ({ registry }) => {
      strictEqual(await asMap(registry).setDefault("a", 1), 1);
      strictEqual(await asMap(registry).setDefault("a", 2), 1);
      await registry.delete("a@1");
      strictEqual(await asMap(registry).setDefault("a", 3), 3);
      strictEqual(await registry.load("a"), 3);
    },
    { needs: ["save"], settings: { versioned: false, mutable: true } },
  ),
  given(
    "pop() returns a value and deletes its version, and no other",
    async ({ registry }) => {
      strictEqual(await asMap(registry).pop("a"), undefined);
      for (const value of [1, 2, 3]) await registry.save("a", value);
      strictEqual(await asMap(registry).pop("a"), 3);
      strictEqual(await asMap(registry).pop("a@1"), 1);
      strictEqual(await asMap(registry).pop("a@1"), undefined);
      strictEqual(await asMap(registry).pop("a@production"), undefined);
      deepStrictEqual(await versionsOf(registry, "a"), ["2.0.0"]);
      await registry.setAlias("a", "production", "2");
      await refused("Conflict", asMap(registry).pop("a"));
      strictEqual(await registry.load("a"), 2);
    },
    { needs: ["save"] },
  ),
  given("concurrent pop() calls each return another value", async ({ registry, reopen }) => {
    for (const value of [1, 2, 3]) await registry.save("a", value);
    const other = await reopen();
    const popped = await Promise.all(
      [registry, other, registry, other, registry].map((each) => asMap(each).pop("a")),
    );
    deepStrictEqual(popped.filter((value) => value !== undefined).sort(), [1, 2, 3]);
    strictEqual(await registry.has("a"), false);
  }, { needs: ["save"] }),
  given(
    "clear() deletes every version of every name, or of those with a prefix, and requires allVersions",
    async ({ registry }) => {
      for (const name of ["a/1", "a/1", "a/2", "b"]) await registry.save(name, 1);
      for (const options of [undefined, {}, { allVersions: false }, { prefix: "a/" }]) {
        await refused("Invalid", asMap(registry).clear(options as ClearOptions));
      }
      strictEqual(await asMap(registry).size(), 3);
      strictEqual(await asMap(registry).clear({ allVersions: true, prefix: "a/" }), 2);
      deepStrictEqual(await collect(registry.names()), ["b"]);
      await registry.setAlias("b", "production", "1");
      await refused("Conflict", asMap(registry).clear({ allVersions: true }));
      strictEqual(await asMap(registry).clear({ allVersions: true, force: true }), 1);
      strictEqual(await asMap(registry).size(), 0);
    },
    { needs: ["save"] },
  ),
];
