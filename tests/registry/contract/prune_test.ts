import { assertEquals } from "@std/assert";
import { openRegistry, type Registry, RegistryError } from "../../../mod.ts";
import { prune } from "../../../extensions/maintenance/pruning/mod.ts";
import { collect, rejected } from "../rejected.ts";
import { withoutStore } from "./without_store.ts";

async function fill(registry: Registry, name: string, count: number): Promise<void> {
  for (let i = 1; i <= count; i++) await registry.save(name, i);
}

async function versionsOf(registry: Registry, name: string): Promise<string[]> {
  return (await collect(registry.versions(name))).map(({ version }) => version);
}

Deno.test("prune() without a store keeps the newest and aliased versions", async () => {
  const inner = await openRegistry("memory:");
  const registry = withoutStore(inner);
  await fill(registry, "a", 5);
  await fill(registry, "b", 2);
  await registry.setAlias("a", "production", "2");
  for (const dryRun of [true, false]) {
    assertEquals(await prune(registry, { keepLast: 2, dryRun }), {
      dryRun,
      deleted: ["3.0.0", "1.0.0"].map((version) => ({ name: "a", version })),
      kept: 5,
      failures: [],
    });
  }
  assertEquals(await versionsOf(registry, "a"), ["5.0.0", "4.0.0", "2.0.0"]);
  await prune(registry, { keepLast: 1, keepAliased: false, names: ["a"] });
  assertEquals([await versionsOf(registry, "a"), await versionsOf(registry, "b")], [["5.0.0"], [
    "2.0.0",
    "1.0.0",
  ]]);
  await rejected("NotFound", prune(registry, { keepLast: 1, names: ["nothing"] }));
  await rejected("NotFound", prune(registry, { keepLast: 1, names: ["nothing*"] }));
  const matching = await prune(registry, { keepLast: 1, names: ["b*"], dryRun: true });
  assertEquals(matching.deleted, [{ name: "b", version: "1.0.0" }]);
  await rejected("Invalid", prune(registry, {}));
});

Deno.test("prune() without a store uses this machine's clock", async () => {
  const registry = withoutStore(await openRegistry("memory:"));
  await fill(registry, "a", 2);
  const young = await prune(registry, { olderThanMs: 3_600_000 });
  assertEquals([young.deleted, young.kept, young.clock], [[], 2, "own"]);
  const old = {
    ...registry,
    async *versions(...args: Parameters<Registry["versions"]>) {
      for await (const entry of registry.versions(...args)) {
        yield { ...entry, modifiedAt: new Date(1_000) };
      }
    },
  };
  assertEquals((await prune(old, { olderThanMs: 3_600_000, keepLast: 1 })).deleted, [{
    name: "a",
    version: "1.0.0",
  }]);
});

Deno.test("prune() without a store respects concurrent aliases and saves", async () => {
  const inner = await openRegistry("memory:", { mutable: true });
  await fill(inner, "a", 4);
  let waiting = true;
  const busy = {
    ...withoutStore(inner),
    async *aliases(name: string) {
      const before = await Array.fromAsync(inner.aliases(name));
      if (waiting) {
        waiting = false;
        await inner.setAlias("a", "production", "2");
        await inner.save("a", "new", { version: "1", onConflict: "overwrite" });
      }
      yield* before;
    },
  };
  const { deleted, kept } = await prune(busy, { keepLast: 1 });
  assertEquals([deleted, kept], [[{ name: "a", version: "3.0.0" }], 3]);
  assertEquals(await inner.load("a@1"), "new");
});

Deno.test("prune() without a store respects concurrent overwrites", async () => {
  const inner = await openRegistry("memory:", { mutable: true });
  await fill(inner, "a", 2);
  const busy = {
    ...withoutStore(inner),
    async info(ref: string) {
      const before = await inner.info(ref);
      await inner.save("a", "new", { version: "1", onConflict: "overwrite" });
      return before;
    },
  };
  const { deleted, kept } = await prune(busy, { keepLast: 1 });
  assertEquals([deleted, kept, await inner.load("a@1")], [[], 2, "new"]);
});

Deno.test("prune() without a store keeps and reports damaged versions", async () => {
  const inner = await openRegistry("memory:");
  await fill(inner, "a", 3);
  const damaged = {
    ...withoutStore(inner),
    async info(ref: string) {
      if (!ref.startsWith("a@2")) return await inner.info(ref);
      throw new RegistryError({
        code: "Corrupt",
        message: "Cannot read: damaged",
        hint: "Restore it.",
        key: "k",
      });
    },
  };
  const { deleted, kept, failures } = await prune(damaged, { keepLast: 1 });
  assertEquals([deleted, kept], [[{ name: "a", version: "1.0.0" }], 2]);
  assertEquals(failures.map(({ version, code, key }) => [version, code, key]), [[
    "2.0.0",
    "Corrupt",
    "k",
  ]]);
});
