// Promotions and overwrites of a mutable registry that are killed beside each other.
import { assert, assertEquals, assertMatch } from "@std/assert";
import "../../../../extensions/signatures/signatures.ts";
import { verifyRegistry } from "../../../../apps/maintenance.ts";
import { type Backend, createMemoryBackend, openRegistry, type Registry } from "../../../../mod.ts";
import { changeRules } from "../../../../extensions/maintenance/mod.ts";
import { readRules } from "../../../../registry/tools/settings.ts";
import { NAME } from "../signed.ts";
import { rejected } from "../../../registry/rejected.ts";
import { type HookedCall, withHooks } from "../../../registry/with_hooks.ts";

const FORCE = { force: true };
const OVERWRITE = { version: "2", onConflict: "overwrite", metadata: { auc: 0 } } as const;
const large = (text: string) => text.padEnd(65 * 1024); // not in the record
const PRODUCTION = `${NAME}@production`;

const promote = (registry: Registry) => registry.setAlias(NAME, "production", "2", FORCE);
const overwrite = (registry: Registry) => registry.save(NAME, large("worse"), OVERWRITE);

/** Returns a registry with versions 1 and 2, which both meet the rule of `production`. */
async function registryWithRule(store: Backend, before?: string): Promise<Registry> {
  const registry = await openRegistry(store, { mutable: true, cache: false });
  for (const auc of [0.95, 0.99]) {
    await registry.save(NAME, large(`${auc}`), { metadata: { auc } });
  }
  const promote = { where: "metadata.auc > 0.9" };
  await changeRules(registry, { set: { pattern: NAME, protectAliases: ["production"], promote } });
  if (before !== undefined) await registry.setAlias(NAME, "production", before, FORCE);
  return registry;
}

interface Kill {
  /** Call of the store before which the other operation runs. */
  beside: number;
  /** Call before which the operation is killed. */
  at: number;
}

/** Runs an operation that is killed. Returns false if it made fewer calls. */
async function kill(
  store: Backend,
  operation: (registry: Registry) => Promise<unknown>,
  other: () => Promise<unknown>,
  { beside, at }: Kill,
): Promise<boolean> {
  let calls = -Infinity;
  const killed = Promise.withResolvers<void>();
  const before = async () => {
    const call = calls++;
    if (call === beside) await other().catch(() => {});
    if (call < at) return;
    killed.resolve();
    await new Promise(() => {}); // for ever
  };
  const registry = await openRegistry(withHooks(store, { before }), { cache: false });
  calls = 0;
  const ended = operation(registry).then(() => false, () => false);
  return await Promise.race([ended, killed.promise.then(() => true)]);
}

const PAIRS = {
  "a promotion": [promote, overwrite],
  "an overwrite": [overwrite, promote],
} as const;

for (const [what, [first, second]] of Object.entries(PAIRS)) {
  for (const before of ["1", undefined]) {
    const alias = before === undefined ? "a new alias" : "an alias";
    Deno.test(`no kill of ${what} lets ${alias} lead to content that the rule refuses`, async () => {
      const states = new Set<string>();
      let isKilled = true;
      for (let at = 0; isKilled; at++) {
        for (let beside = 0; beside <= at; beside++) {
          const store = createMemoryBackend();
          const registry = await registryWithRule(store, before);
          isKilled = await kill(store, first, () => second(registry), { beside, at });
          states.add(await stateOf(registry, `killed before call ${at}, beside ${beside}`));
          await assertRepairable(registry);
        }
      }
      assert(states.has("replaced"), [...states].join());
    });
  }
}

/** Checks what `production` leads to, and that `verify` names it if that is nothing. */
async function stateOf(registry: Registry, label: string): Promise<string> {
  const { problems } = await verifyRegistry(registry);
  const found = await registry.info(PRODUCTION).catch((error) => error);
  if (!(found instanceof Error)) {
    assert(found.metadata.auc > 0.9, `${label}: auc is ${found.metadata.auc}`);
    assertEquals(problems, [], label);
    return "checked";
  }
  assertEquals(await registry.has(PRODUCTION), false, label);
  if (/no such alias/.test(found.message)) return "absent";
  assertMatch(found.message, /version 2\.0\.0, which was overwritten after it had met/, label);
  assertEquals(problems.map(({ code, ref }) => [code, ref]), [["NotFound", PRODUCTION]], label);
  return "replaced";
}

/** The next promotion repairs the alias, or refuses the content. */
async function assertRepairable(registry: Registry): Promise<void> {
  const { metadata } = await registry.info(`${NAME}@2`);
  if (metadata.auc === 0) await rejected("Conflict", promote(registry), /refuses version 2/);
  await registry.setAlias(NAME, "production", "1", FORCE);
  assertEquals((await registry.info(PRODUCTION)).version, "1.0.0");
}

Deno.test("an alias with other content leads to it if that is checked, or no rule asks for it", async () => {
  const registry = await registryWithRule(createMemoryBackend(), "2");
  const set = {
    pattern: NAME,
    protectAliases: ["production"],
    promote: { where: "metadata.auc >= 0" },
  };
  await changeRules(registry, { remove: NAME });
  await overwrite(registry);
  assertEquals((await registry.info(PRODUCTION)).metadata.auc, 0);
  await changeRules(registry, { set: { ...set, protectAliases: ["staging"] } });
  assertEquals((await registry.info(PRODUCTION)).metadata.auc, 0);
  await changeRules(registry, { set });
  await rejected("NotFound", registry.load(PRODUCTION), /which was overwritten after/);
  await promote(registry); // to the version that it names already
  assertEquals((await registry.info(PRODUCTION)).metadata.auc, 0);
});

Deno.test("an alias that is put back does not lead to other content than before", async () => {
  const store = createMemoryBackend();
  const other = await registryWithRule(store, "1");
  const rules = await readRules(other);
  let isSet = false;
  const after = async ({ key, create }: HookedCall) => {
    if (isSet || !create || !key.includes("/aliases/")) return;
    isSet = true;
    await changeRules(other, { remove: NAME });
    for (const version of ["2", "1"]) await other.save(NAME, "worse", { ...OVERWRITE, version });
    await changeRules(other, { set: rules.rules[0]! });
  };
  const registry = await openRegistry(withHooks(store, { after }), { cache: false });
  await rejected("Conflict", promote(registry), /the version was replaced meanwhile/);
  const [{ version }] = await Array.fromAsync(registry.history(NAME, "production"));
  assertEquals(version, "1.0.0");
  await rejected("NotFound", registry.load(PRODUCTION), /1\.0\.0, which was overwritten after/);
});

Deno.test("a version that was deleted and restored keeps its protected alias", async () => {
  const registry = await registryWithRule(createMemoryBackend(), "1");
  for (const _ of [1, 2]) {
    await registry.delete(`${NAME}@1`, FORCE);
    await rejected("NotFound", registry.load(PRODUCTION), /which was deleted/);
    await registry.undelete(`${NAME}@1`);
    assertEquals((await registry.info(PRODUCTION)).version, "1.0.0");
  }
});
