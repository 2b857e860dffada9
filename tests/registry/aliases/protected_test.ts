// Aliases and names that rules protect.
import { assert, assertEquals } from "@std/assert";
import { unavailable } from "../../../core/errors.ts";
import { changeRules } from "../../../extensions/maintenance/mod.ts";
import { createMemoryBackend, openRegistry, type Registry } from "../../../mod.ts";
import { createScriptedSystem } from "../../support/scripted_system.ts";
import { createBatch } from "../../../workers/mod.ts";
import { noise } from "../registries.ts";
import { rejected } from "../rejected.ts";
import { withHooks } from "../with_hooks.ts";

const RULE = { pattern: "models:*", protectAliases: ["production", "release-*"] };

Deno.test("a protected alias changes only by force", async () => {
  const registry = await openRegistry("memory:");
  for (const value of [1, 2]) await registry.save("models:a", value);
  await registry.save("other", 1);
  await registry.setAlias("models:a", "production", "1.0.0");
  await changeRules(registry, { set: RULE });
  const refused = (change: Promise<unknown>) => rejected("Conflict", change, /protects this alias/);
  await refused(registry.setAlias("models:a", "production", "2.0.0"));
  await refused(registry.setAlias("models:a", "release-7", "2.0.0"));
  await refused(registry.deleteAlias("models:a", "production"));
  await refused(registry.save("models:a", 3, { alias: ["canary", "production"] }));
  assertEquals(await Array.fromAsync(registry.aliases("models:a")), [
    { alias: "production", version: "1.0.0" },
  ]);
  assertEquals((await registry.info("models:a")).version, "2.0.0", "nothing was saved");
  await registry.setAlias("models:a", "canary", "2.0.0");
  await registry.setAlias("other", "production", "1.0.0");
  await registry.setAlias("models:a", "production", "2.0.0", { force: true });
  await refused(registry.rollbackAlias("models:a", "production"));
  const back = await registry.rollbackAlias("models:a", "production", { force: true });
  assertEquals(back, { alias: "production", version: "1.0.0", was: "2.0.0" });
  assertEquals(await registry.deleteAlias("models:a", "production", { force: true }), true);
});

Deno.test("the version of a protected alias is not overwritten", async () => {
  const registry = await openRegistry("memory:", { mutable: true });
  const overwrite = { version: "1", onConflict: "overwrite" } as const;
  for (const value of [1, 2]) await registry.save("models:a", value);
  await registry.setAlias("models:a", "production", "1.0.0");
  await registry.setAlias("models:a", "canary", "2.0.0");
  await registry.save("models:a", 3, overwrite);
  await changeRules(registry, { set: RULE });
  const refused = (change: Promise<unknown>) => rejected("Conflict", change, /protects this alias/);
  await refused(registry.save("models:a", 4, overwrite));
  const { commit } = await registry.info("models:a@1.0.0");
  await refused(registry.save("models:a", 4, { version: "1.0.0", ifCommit: commit }));
  await refused(registry.copy("models:a@2.0.0", "models:a@1.0.0", { onConflict: "overwrite" }));
  const draft = await registry.openDraft("models:a", { id: "1" });
  await draft.addFile("a.txt", new Uint8Array(1));
  await refused(draft.commit(overwrite));
  assertEquals(await registry.load("models:a@production"), 3);
  await registry.save("models:a", 5, { ...overwrite, version: "2.0.0" });
  await registry.save("models:a", 6, { onConflict: "overwrite" });
  await registry.setAlias("models:a", "production", "2.0.0", { force: true });
  await registry.save("models:a", 7, overwrite);
});

const OVERWRITE = { version: "1.0.0", onConflict: "overwrite" } as const;

/** Ways to overwrite version 1.0.0 with a large value. */
const OVERWRITES: Record<string, (registry: Registry) => Promise<unknown>> = {
  save: (registry) => registry.save("models:a", noise(100_000, 3), OVERWRITE),
  async "save with ifCommit"(registry) {
    const { commit } = await registry.info("models:a@1");
    return await registry.save("models:a", noise(100_000, 3), { version: "1", ifCommit: commit });
  },
  copy: (registry) => registry.copy("models:b@1", "models:a@1", { onConflict: "overwrite" }),
  async "commit of a draft"(registry) {
    const draft = await registry.openDraft("models:a", { id: "1" });
    await draft.addFile("a.bin", noise(100_000, 3));
    return await draft.commit(OVERWRITE);
  },
  async saveMany(registry) {
    const batch = createBatch(registry);
    const item = { name: "models:a", value: noise(100_000, 3), ...OVERWRITE };
    const { errors } = await batch.saveMany([item]);
    await batch[Symbol.asyncDispose]();
    for (const error of errors.values()) throw error;
  },
};

for (const [what, overwrite] of Object.entries(OVERWRITES)) {
  Deno.test(`a ${what} that began before a promotion does not overwrite its version`, async () => {
    const store = createMemoryBackend();
    const other = await openRegistry(store, { mutable: true });
    await changeRules(other, { set: RULE });
    for (const value of ["first", "second"]) await other.save("models:a", value);
    await other.save("models:b", noise(100_000, 2));
    await other.setAlias("models:a", "production", "2.0.0", { force: true });
    let promoted = 0;
    const registry = await openRegistry(withHooks(store, {
      async before({ verb, key }) {
        const isUpload = verb === "put" && /^objects\/[^/]+\/p|\.end$/.test(key);
        if (!isUpload || promoted++ > 0) return;
        await other.setAlias("models:a", "production", "1.0.0", { force: true });
      },
    }));
    await rejected("Conflict", overwrite(registry), /protects this alias/);
    assert(promoted > 0);
    assertEquals(await other.load("models:a@production"), "first");
  });
}

Deno.test("an overwrite whose last look at the rules fails has an unknown outcome", async () => {
  const store = createMemoryBackend();
  const other = await openRegistry(store, { mutable: true });
  await changeRules(other, { set: RULE });
  await other.save("models:a", "first");
  const isVersion = (key: string) => /^names\/[^/]+\/versions\//.test(key);
  let isWritten = false;
  const registry = await openRegistry(withHooks(store, {
    after({ verb, key }) {
      isWritten ||= verb === "put" && isVersion(key);
    },
    before({ verb, key }) {
      if (isWritten && verb !== "put" && !isVersion(key)) {
        throw unavailable("list", key, "the store is away");
      }
    },
  }));
  await rejected("Unknown", registry.save("models:a", "second", OVERWRITE), /may have succeeded/);
  assertEquals(await other.load("models:a"), "second");
});

Deno.test("a version that is given an alias meanwhile is not deleted", async () => {
  const store = createMemoryBackend();
  const other = await openRegistry(store);
  for (const value of [1, 2]) await other.save("a", value);
  let lists = 0;
  const registry = await openRegistry(withHooks(store, {
    async before({ verb, key }) { // the second time, to delete it
      if (verb !== "list" || !key.startsWith("names/a/versions/final/") || ++lists !== 2) return;
      await other.setAlias("a", "production", "1.0.0");
    },
  }));
  await rejected("Conflict", registry.delete("a@1"), /alias "production" points to it/);
  assertEquals(await registry.load("a@production"), 1);
});

Deno.test("with all versions of a name, none goes that is given an alias meanwhile", async () => {
  const store = createMemoryBackend();
  const other = await openRegistry(store);
  for (const value of [1, 2]) await other.save("a", value);
  const registry = await openRegistry(withHooks(store, {
    async after({ verb, key }) { // the newest goes first
      if (verb === "put" && key.startsWith("names/a/versions/")) {
        await other.setAlias("a", "production", "1.0.0");
      }
    },
  }));
  await rejected(
    "Conflict",
    registry.delete("a", { allVersions: true }),
    /alias "production" points to it/,
  );
  assertEquals(await registry.load("a@production"), 1);
});

Deno.test("a rollback notices an alias that was moved there and back", async () => {
  const store = createMemoryBackend();
  const other = await openRegistry(store);
  for (const value of [1, 2, 3, 4]) await other.save("a", value);
  for (const version of ["1", "2"]) await other.setAlias("a", "live", version);
  let isNew = true;
  const registry = await openRegistry(withHooks(store, {
    async before({ verb, key }) { // it knows the history, and looks whether 1.0.0 exists
      if (verb !== "list" || !key.startsWith("names/a/versions/") || !isNew) return;
      isNew = false;
      for (const version of ["4", "2"]) await other.setAlias("a", "live", version);
    },
  }));
  await rejected("Conflict", registry.rollbackAlias("a", "live"), /changed meanwhile/);
  assertEquals((await registry.info("a@live")).version, "2.0.0");
  assertEquals((await registry.rollbackAlias("a", "live")).version, "4.0.0");
});

Deno.test("an open registry follows a rule of another program within ten seconds", async () => {
  const backend = createMemoryBackend();
  const system = createScriptedSystem();
  const open = { system };
  const registry = await openRegistry(backend, open);
  await registry.save("models:a", 1);
  const other = await openRegistry(backend, open);
  await changeRules(other, { set: { ...RULE, protect: true } });
  system.advance(10_000);
  await rejected("Conflict", registry.setAlias("models:a", "production", "1.0.0"));
  await rejected("Conflict", registry.delete("models:a@1.0.0"));
  await changeRules(other, { remove: "models:*" });
  system.advance(10_000);
  await registry.setAlias("models:a", "production", "1.0.0");
  await registry.deleteAlias("models:a", "production");
  assertEquals(await registry.delete("models:a@1.0.0"), true);
});

Deno.test("a rule protects aliases alone or with what it keeps, and no empty list", async () => {
  const registry = await openRegistry("memory:");
  const set = (rule: object) => changeRules(registry, { set: { pattern: "a", ...rule } });
  const { rules } = await set({ keepLast: 3, protectAliases: ["production"] });
  assertEquals(rules, [{ pattern: "a", keepLast: 3, protectAliases: ["production"] }]);
  await rejected("Conflict", set({ protect: true }), /has keepLast, which/);
  const set2 = { pattern: "a", protect: true, protectAliases: ["*"] };
  await changeRules(registry, { set: set2, replace: true });
  for (const protectAliases of [[], [""], "production", [1], ["x".repeat(201)], null]) {
    await rejected("Invalid", set({ protectAliases }));
  }
});
