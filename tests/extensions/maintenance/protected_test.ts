// Names that a rule protects keep their versions, whatever would delete or overwrite them.
import { assertEquals } from "@std/assert";
import { asMap, deleteMany, type Registry } from "../../../mod.ts";
import { createHandler } from "../../../apps/server.ts";
import { openHttpRegistry } from "../../../apps/client.ts";
import { prune } from "../../../extensions/maintenance/pruning/mod.ts";
import { changeRules } from "../../../extensions/maintenance/mod.ts";
import { annotate } from "../../../registry/tools/annotate.ts";
import { testInMemory } from "../../registry/registries.ts";
import { rejected } from "../../registry/rejected.ts";

const PROTECTED = { set: { pattern: "a", protect: true } };

async function fill(registry: Registry): Promise<void> {
  for (const name of ["a", "b"]) {
    for (let n = 1; n <= 3; n++) await registry.save(name, n);
  }
}

async function versionsOf(registry: Registry, name = "a"): Promise<string[]> {
  return await Array.fromAsync(registry.versions(name), ({ version }) => version);
}

testInMemory("prune() keeps the versions of a protected name", async ({ registry, open }) => {
  await fill(registry);
  const longOpen = await open();
  await changeRules(registry, PROTECTED);
  const handler = createHandler(registry);
  const client = await openHttpRegistry("http://localhost", { fetch: (asked) => handler(asked) });
  for (const each of [client, longOpen, await open()]) {
    const { deleted } = await prune(each, { keepLast: 1, keepAliased: false, dryRun: true });
    assertEquals(deleted.map(({ name }) => name), ["b", "b"], each.location);
  }
  await prune(client, { keepLast: 1, keepAliased: false });
  await prune(longOpen, { keepLast: 0, keepAliased: false });
  assertEquals([await versionsOf(registry), await versionsOf(registry, "b")], [
    ["3.0.0", "2.0.0", "1.0.0"],
    [],
  ]);
  await handler.close();
});

testInMemory("prune() through a service plans what that deletes", async ({ registry }) => {
  await fill(registry);
  await registry.setAlias("b", "live", "1");
  await changeRules(registry, PROTECTED);
  const handler = createHandler(registry);
  const client = await openHttpRegistry("http://localhost", { fetch: (asked) => handler(asked) });
  const planned = await prune(client, { keepLast: 1, dryRun: true });
  assertEquals({ ...await prune(client, { keepLast: 1 }), dryRun: true }, planned);
  assertEquals(planned.deleted, [{ name: "b", version: "2.0.0" }]);
  await handler.close();
});

testInMemory("prune() keeps what was protected after the plan", async ({ registry }) => {
  const handler = createHandler(registry);
  const client = await openHttpRegistry("http://localhost", { fetch: (asked) => handler(asked) });
  for (const [pruned, name, labeled] of [[registry, "a", "b"], [client, "c", "d"]] as const) {
    for (const each of [name, labeled]) for (const n of [1, 2, 3]) await registry.save(each, n);
    const { deleted, kept } = await prune(pruned, {
      names: [name, labeled],
      keepLast: 1,
      keepWhere: ({ annotations }) => annotations?.labels.stage === "production",
      async confirm() {
        await changeRules(registry, { set: { pattern: name, protect: true } });
        await annotate(registry, `${labeled}@1`, { labels: { stage: "production" } });
        return true;
      },
    });
    assertEquals([deleted, kept], [[{ name: labeled, version: "2.0.0" }], 5]);
  }
  await handler.close();
});

const DOORS: [door: string, change: (registry: Registry, commit: string) => Promise<unknown>][] = [
  ["save", (registry) => registry.save("a", 9, { version: "1", onConflict: "overwrite" })],
  ["save of a commit", (registry, ifCommit) => registry.save("a", 9, { version: "1", ifCommit })],
  ["copy", (registry) => registry.copy("b@1", "a@1", { onConflict: "overwrite" })],
  ["draft", async (registry) => {
    const draft = await registry.openDraft("a", { id: "one" });
    await draft.addFile("value.txt", new TextEncoder().encode("9"));
    await draft.commit({ version: "1", onConflict: "overwrite" });
  }],
  ["delete", (registry) => registry.delete("a@1")],
  ["dry run of delete", (registry) => registry.delete("a@1", { dryRun: true })],
  ["delete of all", (registry) => registry.delete("a", { allVersions: true })],
  ["deleteMany", async (registry) => {
    const { errors } = await deleteMany(registry, ["a@1"]);
    for (const error of errors.values()) throw error;
  }],
  ["pop of a map", (registry) => asMap(registry).pop("a@1")],
  ["clear of a map", (registry) => asMap(registry).clear({ allVersions: true, prefix: "a" })],
];

for (const [door, change] of DOORS) {
  testInMemory(`${door} leaves a protected name as it is`, async ({ registry, open }) => {
    await fill(registry);
    await changeRules(registry, PROTECTED);
    const handler = createHandler(await open());
    const client = await openHttpRegistry("http://localhost", { fetch: (asked) => handler(asked) });
    const { commit } = await registry.info("a@1");
    for (const each of [registry, client]) await rejected("Conflict", change(each, commit));
    assertEquals([await registry.load("a@1"), (await versionsOf(registry)).length], [1, 3]);
    await handler.close();
  }, { mutable: true });
}

testInMemory("a protected name without versions is not overwritten", async ({ registry, open }) => {
  await registry.save("a", 1);
  await changeRules(registry, PROTECTED);
  const again = await open();
  for (const each of [registry, again]) {
    await rejected("Conflict", asMap(each).set("a", 2));
    await rejected("Conflict", asMap(each).update({ a: 2 }));
    await rejected("Conflict", each.delete("a"));
  }
  assertEquals(await again.load("a"), 1);
}, { versioned: false, mutable: true });
