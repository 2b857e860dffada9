// Rules that read every version of a name: what a run found is kept for names that do not change.
import { assertEquals } from "@std/assert";
import { publishRelease } from "../../../../mod.ts";
import type { RetentionRule } from "../../../../core/record.ts";
import { pruneByRules } from "../../../../extensions/maintenance/pruning/mod.ts";
import { changeRules } from "../../../../extensions/maintenance/mod.ts";
import { annotate } from "../../../../registry/mod.ts";
import { createRandom } from "../../../simulate/random.ts";
import { casesOfRun } from "../../../support/seeds.ts";
import {
  createProtocolWorld,
  GRACE_MS,
  HOUR,
  type ProtocolWorld,
} from "../../../registry/protocol_world.ts";

const DAY = 24 * HOUR;
const NAMES = ["a", "b", "c"];

/** A registry with versions of several days, all of which a rule keeps. */
async function createKept(): Promise<ProtocolWorld> {
  const world = await createProtocolWorld({ mutable: true });
  await changeRules(world.registry, { set: { pattern: "**", keepDaily: 9 } });
  for (let day = 0; day < 3; day++) {
    for (const name of NAMES) await world.registry.save(name, day);
    world.advance(DAY);
  }
  return world;
}

/** Runs the rules. Returns the names whose records it read, and the report. */
async function run(
  { registry, backend }: Pick<ProtocolWorld, "registry" | "backend">,
  dryRun = false,
) {
  backend.forget();
  const report = await pruneByRules(registry, { dryRun });
  const reads = backend.asked({ verb: "get", key: /^names\// }).map((call) => call.split("/")[1]);
  return { names: [...new Set(reads)].sort(), report };
}

Deno.test("rules by period read the versions of names that changed", async () => {
  const world = await createKept();
  const { registry, advance } = world;
  assertEquals((await run(world)).names, NAMES);
  for (const dryRun of [true, false]) {
    const { names, report } = await run(world, dryRun);
    assertEquals([names, report.kept, report.deleted], [[], 9, []]);
  }
  await registry.save("b", 3);
  await annotate(registry, "c@1", { labels: { keep: true } });
  advance(HOUR);
  assertEquals((await run(world)).names, ["b", "c"]);
  assertEquals((await run(world)).names, []);
  await changeRules(registry, { set: { pattern: "**", keepDaily: 8 } });
  assertEquals((await run(world)).names, NAMES, "another rule");
  assertEquals((await run(world)).names, []);
  advance(31 * DAY);
  assertEquals((await run(world)).names, NAMES, "after a month");
});

Deno.test("names that a list alone keeps are not noted", async () => {
  const world = await createProtocolWorld();
  for (const name of NAMES) await world.registry.save(name, 1);
  await world.registry.save("b", 2);
  await changeRules(world.registry, { set: { pattern: "**", keepLast: 2, keepDaily: 9 } });
  world.advance(HOUR);
  assertEquals((await run(world)).names, []);
  assertEquals(await world.keys("gc/.pruned/"), []);
});

Deno.test("a name whose versions a release names is read each time", async () => {
  const world = await createKept();
  await publishRelease(world.registry, "r", { member: "a@1" });
  world.advance(HOUR);
  assertEquals((await run(world)).names, [...NAMES, "r"]);
  assertEquals((await run(world)).names.includes("a"), true);
});

for (const sign of [1, -1]) {
  const title = `a clock that is ${sign > 0 ? "ahead" : "behind"} delays no deletion for long`;
  Deno.test(title, async () => {
    const skew = GRACE_MS / 8;
    const world = await createProtocolWorld();
    const rule = { pattern: "**", keepDaily: 1, keepLast: 1, olderThanMs: DAY };
    await changeRules(world.registry, { set: rule });
    for (const value of [1, 2]) await world.registry.save("a", value);
    world.advance(DAY - skew / 2);
    world.clocks.wall += sign * skew;
    assertEquals((await run(await world.open())).report.deleted, []);
    world.advance(2 * skew);
    assertEquals((await run(await world.open())).report.deleted.length, 1);
  });
}

const RULES: RetentionRule[] = [
  { pattern: "**", keepDaily: 2 },
  { pattern: "**", keepWeekly: 1, keepLast: 1, olderThanMs: 3 * DAY },
  { pattern: "**", keepLast: 1, keepWhere: "labels.keep = true" },
  { pattern: "**", keepDaily: 1, keepMonthly: 1, olderThanMs: DAY },
];

Deno.test("rules delete the same with a table as without, after any changes", async () => {
  for (let seed = 1; seed <= casesOfRun(20); seed++) {
    const world = await createProtocolWorld({ mutable: true });
    const { registry, store } = world;
    const { pick, int } = createRandom(seed);
    await changeRules(registry, { set: pick(RULES) });
    for (let step = 0; step < 25; step++) {
      const name = pick(NAMES), ref = `${name}@${1 + int(4)}`;
      const change = pick([
        () => registry.save(name, step),
        () => registry.save(name, step),
        () => registry.delete(ref, { force: true }),
        () => registry.undelete(ref),
        () => registry.setAlias(name, "live", ref.slice(2)),
        () => registry.deleteAlias(name, "live"),
        () => annotate(registry, ref, { labels: { keep: true } }),
        () => changeRules(registry, { set: pick(RULES) }),
        () => publishRelease(registry, "r", { member: ref }),
        () => registry.delete("r@1", { force: true }),
      ]);
      await change().catch(() => {});
      world.advance(pick([0, HOUR, DAY, 3 * DAY, GRACE_MS]));
      const quick = await pruneByRules(registry, { dryRun: true });
      for (const key of await world.keys("gc/.pruned/")) await store.delete(key);
      assertEquals(quick, await pruneByRules(registry, { dryRun: true }), `${seed}: ${step}`);
      await pruneByRules(registry);
    }
  }
});
