// Aliases and names that rules protect.
import { assertEquals } from "@std/assert";
import { changeRules, mirrorRegistry } from "../../../registry/maintenance.ts";
import { createMemoryBackend, openRegistry } from "../../../mod.ts";
import { createScriptedSystem } from "../../support/scripted_system.ts";
import { rejected } from "../rejected.ts";

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

Deno.test("a mirror moves a protected alias as its source does", async () => {
  const source = await openRegistry(createMemoryBackend());
  const target = await openRegistry(createMemoryBackend());
  await changeRules(target, { set: RULE });
  await source.save("models:a", 1, { alias: "production" });
  const report = await mirrorRegistry(source, target);
  assertEquals(report.failures, []);
  const aliases = await Array.fromAsync(target.aliases("models:a"));
  assertEquals(aliases, [{ alias: "production", version: "1.0.0" }]);
});

Deno.test("a rule protects aliases alone or with what it keeps, and no empty list", async () => {
  const registry = await openRegistry("memory:");
  const set = (rule: object) => changeRules(registry, { set: { pattern: "a", ...rule } });
  const { rules } = await set({ keepLast: 3, protectAliases: ["production"] });
  assertEquals(rules, [{ pattern: "a", keepLast: 3, protectAliases: ["production"] }]);
  await set({ protect: true, protectAliases: ["*"] });
  for (const protectAliases of [[], [""], "production", [1], ["x".repeat(201)], null]) {
    await rejected("Invalid", set({ protectAliases }));
  }
});
