// Promotions beside overwrites in a mutable registry, and labels that outlive the content.
import { assert, assertEquals } from "@std/assert";
import "../../../../extensions/signatures/signatures.ts";
import { createMemoryBackend, openRegistry, type Registry } from "../../../../mod.ts";
import { changeRules } from "../../../../extensions/maintenance/mod.ts";
import { annotate } from "../../../../registry/mod.ts";
import { rejected } from "../../../registry/rejected.ts";
import { withHooks } from "../../../registry/with_hooks.ts";
import { withShiftedTime } from "../../../simulate/with_shifted_time.ts";
import { createScriptedSystem } from "../../../support/scripted_system.ts";
import { NAME } from "../signed.ts";

const FORCE = { force: true };
const OVERWRITE = { version: "2", onConflict: "overwrite", metadata: { auc: 0 } } as const;
const large = (text: string) => text.repeat(30_000); // not in the record

const promote = (registry: Registry) => registry.setAlias(NAME, "production", "2", FORCE);
const overwrite = (registry: Registry) => registry.save(NAME, large("worse"), OVERWRITE);
const PAIRS = {
  "a promotion": [promote, overwrite],
  "an overwrite": [overwrite, promote],
} as const;

for (const [what, [first, second]] of Object.entries(PAIRS)) {
  for (const before of ["1", undefined]) {
    const alias = before === undefined ? "a new alias" : "an alias";
    Deno.test(`no call of ${what} lets ${alias} end on content that the rule refuses`, async () => {
      for (let held = 0, ended = false; !ended; held++) {
        const store = createMemoryBackend();
        const other = await openRegistry(store, { mutable: true });
        for (const auc of [0.95, 0.99]) {
          await other.save(NAME, large(`${auc}`), { metadata: { auc } });
        }
        const set = {
          pattern: NAME,
          protectAliases: ["production"],
          promote: { where: "metadata.auc > 0.9" },
        };
        await changeRules(other, { set });
        if (before) await other.setAlias(NAME, "production", before, FORCE);
        let left = Infinity, there: unknown;
        const before_ = async () => {
          if (left-- === 0) there = await second(other).catch((error) => error);
        };
        const registry = await openRegistry(withHooks(store, { before: before_ }), {
          cache: false,
        });
        left = held;
        const here = await first(registry).catch((error) => error);
        ended = left > 0;
        const info = await other.info(`${NAME}@production`).catch(() => undefined);
        const label = `call ${held}: ${here}; ${there}`;
        assert(Number(info?.metadata.auc ?? 1) > 0.9, label);
        if (info) assertEquals(typeof await other.load(`${NAME}@production`), "string", label);
        assertEquals(typeof await other.load(`${NAME}@2`), "string", label);
      }
    });
  }
}

const REVIEWS: Record<string, Record<string, unknown>> = {
  "a label in a condition": { where: "labels.reviewed-by = bob" },
  "a review": { review: "reviewed-by" },
  "a review of a certain author": { review: { label: "reviewed-by", by: "bob" } },
};
const AGAIN: Record<string, (registry: Registry) => Promise<unknown>> = {
  "overwritten": () => Promise.resolve(),
  "deleted and saved again": (registry) => registry.delete(`${NAME}@1`, FORCE),
};

for (const [what, conditions] of Object.entries(REVIEWS)) {
  for (const [how, before] of Object.entries(AGAIN)) {
    Deno.test(`${what} does not hold for content that was ${how}`, async () => {
      // The clock of the reviewer is hours ahead: times of writers alone do not tell what came first.
      const clock = createScriptedSystem(), ahead = createScriptedSystem();
      const store = createMemoryBackend({ system: clock });
      ahead.setWallClock(ahead.now() + 5 * 3_600_000);
      const as = (by: string, system = clock) => {
        clock.advance(1_000);
        ahead.advance(1_000);
        return openRegistry(store, { by, system, mutable: true });
      };
      const tick = async () => await as("nobody");
      const ann = await as("ann"), bob = await as("bob", ahead), eve = await as("eve");
      const set = { pattern: NAME, protectAliases: ["production"], promote: conditions };
      await changeRules(ann, { set });
      await ann.save(NAME, "reviewed", { version: "1" });
      await tick();
      await annotate(bob, `${NAME}@1`, { labels: { "reviewed-by": "bob" } });
      await eve.setAlias(NAME, "production", "1", FORCE);
      await eve.deleteAlias(NAME, "production", FORCE);
      await tick();
      await before(eve);
      await eve.save(NAME, "not seen", { version: "1", onConflict: "overwrite" });
      const again = eve.setAlias(NAME, "production", "1", FORCE);
      await rejected("Conflict", again, /was set before this content was saved/);
    });
  }
}

Deno.test("a review of a certain author is by that author", async () => {
  const store = createMemoryBackend();
  const system = createScriptedSystem();
  const as = (by: string) => openRegistry(store, { by, system });
  const [ann, bob, eve] = [await as("ann"), await as("bob"), await as("eve")];
  await ann.save(NAME, 1);
  system.advance(5_000);
  const promote = { review: { label: "reviewed-by", by: "bob" } };
  await changeRules(ann, { set: { pattern: NAME, protectAliases: ["production"], promote } });
  await annotate(eve, `${NAME}@1`, { labels: { "reviewed-by": "bob" } });
  const move = () => ann.setAlias(NAME, "production", "1", FORCE);
  await rejected("Conflict", move(), /was set by "eve", not "bob"/);
  await annotate(eve, `${NAME}@1`, { labels: { "reviewed-by": null } });
  await annotate(bob, `${NAME}@1`, { labels: { "reviewed-by": "yes" } });
  await move();
});

Deno.test("a review counts in a copy of the registry, where times say nothing", async () => {
  const system = createScriptedSystem();
  const store = createMemoryBackend({ system });
  const [ann, bob] = [
    await openRegistry(store, { by: "ann", system }),
    await openRegistry(store, { by: "bob", system }),
  ];
  await ann.save(NAME, 1);
  system.advance(1_000);
  await annotate(bob, `${NAME}@1`, { labels: { ok: "yes" } });
  const promote = { review: "ok" };
  await changeRules(ann, { set: { pattern: NAME, protectAliases: ["production"], promote } });
  const day = 86_400_000;
  const copy = withShiftedTime(store, {
    shiftMs: ({ key }) => key.includes("/notes/") ? day - 60_000 : day, // notes were copied first
  });
  const registry = await openRegistry(copy, { by: "ann", system });
  await registry.setAlias(NAME, "production", "1", FORCE);
});
