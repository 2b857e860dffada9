// A dry run reports what the run does, and writes nothing.
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { wrapBackend } from "../../../core/work/wrap_backend.ts";
import { type ArtifactInfo, openRegistry, type Registry } from "../../../mod.ts";
import { NAMES } from "../../../registry/format/layout.ts";
import {
  prune,
  pruneByRules,
  type PruneOptions,
} from "../../../extensions/maintenance/pruning/mod.ts";
import { collectGarbage, type GarbageItem } from "../../../extensions/maintenance/mod.ts";
import { mirrorRegistry } from "../../../extensions/mirrors/mod.ts";
import { seedRange } from "../../support/seeds.ts";
import { withoutStore } from "../../registry/contract/without_store.ts";
import { histories, play, type Played } from "./random_registries.ts";

const { firstSeed, seeds } = seedRange(40, "HOLDFAST_PLAN_SEEDS");

type Run = (worlds: Played, registry: Registry, dryRun: boolean) => Promise<unknown>;

/** Compares the report and effect of a run with its dry run, over random histories. */
function testPlans<T>(what: string, options: fc.Arbitrary<T>, run: (options: T) => Run): void {
  Deno.test(`a dry run of ${what} reports what the run does`, async () => {
    const property = fc.asyncProperty(histories, options, async (history, options) => {
      const worlds = await play(history);
      const stores = () => Promise.all([worlds.from.keys(), worlds.to.keys()]);
      const before = await stores();
      const opened = async () => (await worlds.from.open()).registry; // sees the rules
      const planned = await run(options)(worlds, await opened(), true);
      assertEquals(await stores(), before);
      assertEquals(await run(options)(worlds, await opened(), false), planned);
    });
    await fc.assert(property, { seed: firstSeed, numRuns: seeds });
  });
}

const retention: fc.Arbitrary<PruneOptions> = fc.record({
  keepLast: fc.nat(2),
  keepDaily: fc.option(fc.nat(2), { nil: undefined }),
  olderThanMs: fc.option(fc.constantFrom(0, 3_600_000), { nil: undefined }),
  keepAliased: fc.boolean(),
});

testPlans("prune()", retention, (options) => async (_, registry, dryRun) => {
  const { dryRun: __, ...report } = await prune(registry, { ...options, dryRun });
  return report;
});

testPlans("pruneByRules()", fc.constant(0), () => async (_, registry, dryRun) => {
  const { dryRun: __, ...report } = await pruneByRules(registry, { dryRun });
  return report;
});

testPlans("prune() without a store", retention, (options) => async (_, registry, dryRun) => {
  const { clock: __, ...given } = { clock: 0, ...options };
  const report = await prune(withoutStore(registry), { ...given, olderThanMs: undefined, dryRun });
  return { ...report, dryRun: undefined };
});

const condition = fc.constantFrom(
  undefined,
  ({ annotations }: ArtifactInfo) => annotations?.labels.keep === true,
  ({ size }: ArtifactInfo) => size > 10,
);
const anyRetention = fc.record({
  retention,
  more: fc.record({ keepWeekly: fc.nat(2), keepMonthly: fc.nat(1), keepWhere: condition }),
});

Deno.test("a plan from a pass over all names is that of each name", async () => {
  const property = fc.asyncProperty(histories, anyRetention, async (history, chosen) => {
    const options = { ...chosen.retention, ...chosen.more, dryRun: true };
    const { from, to } = await play(history);
    for (const world of [from, to]) {
      const { registry } = await world.open();
      const names = await Array.fromAsync(registry.names());
      assertEquals(await prune(registry, options), await prune(registry, { ...options, names }));
      const byRules = { dryRun: true };
      const each = await pruneByRules(registry, { ...byRules, names });
      assertEquals(await pruneByRules(registry, byRules), each);
    }
  });
  await fc.assert(property, { seed: firstSeed, numRuns: seeds });
});

Deno.test("prune() by a pass that omits records deletes nothing that a whole one keeps", async () => {
  const property = fc.asyncProperty(
    ...[histories, anyRetention, fc.nat(99)] as const,
    async (history, chosen, omitted) => {
      const options = { ...chosen.retention, ...chosen.more };
      const { from: world } = await play(history);
      const { registry } = await world.open();
      const { deleted: mayGo } = await prune(registry, { ...options, dryRun: true });
      let n = 0;
      const backend = wrapBackend(world.store, {
        async *list(prefix, options) {
          for await (const entry of world.store.list(prefix, options)) {
            if (prefix !== NAMES || ++n * 37 % 100 > omitted) yield entry;
          }
        },
      });
      const { deleted } = await prune(
        await openRegistry(backend, { system: world.system }),
        options,
      );
      const refs = new Set(mayGo.map(({ name, version }) => `${name}@${version}`));
      assertEquals(deleted.filter(({ name, version }) => !refs.has(`${name}@${version}`)), []);
    },
  );
  await fc.assert(property, { seed: firstSeed, numRuns: seeds });
});

const collecting = fc.record({ now: fc.boolean(), forget: fc.boolean() });

testPlans("collectGarbage()", collecting, (options) => async ({ from, to }, registry, dryRun) => {
  for (const world of [from, to]) world.advance(dryRun ? 2_000 : 0);
  const items: GarbageItem[] = [];
  const onItem = (item: GarbageItem) => void items.push(item);
  const report = await collectGarbage(registry, { ...options, dryRun, onItem });
  const { removed, bytes, waiting, voids, failures } = report;
  const keys = items.map(({ what, key }) => `${what} ${key}`).sort();
  return { removed, bytes, waiting, voids, failures, keys };
});

const mirroring = fc.record({
  deleted: fc.boolean(),
  aliases: fc.boolean(),
  range: fc.constantFrom(undefined, "^1", ">=2"),
  prefix: fc.constantFrom(undefined, "m:", "z"),
  rename: fc.constantFrom(undefined, (name: string) => `other/${name}`),
});

for (
  const [way, view] of [["", (same: Registry) => same], [" without a store", withoutStore]] as const
) {
  testPlans(`mirrorRegistry()${way}`, mirroring, (options) => async ({ to }, registry, dryRun) => {
    const target = (await to.open()).registry;
    const report = await mirrorRegistry(view(registry), target, { ...options, dryRun });
    const { names, versions, skipped, copied, deleted, aliases, annotations, failures } = report;
    const failed = failures.map(({ error, ...item }) => ({ ...item, message: error.message }));
    failed.sort((a, b) => JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
    return { names, versions, skipped, copied, deleted, aliases, annotations, failed };
  });
}
