import { assertEquals } from "@std/assert";
import { prune } from "../../../../extensions/maintenance/pruning/mod.ts";
import { newestOfPeriods } from "../../../../extensions/maintenance/pruning/periods.ts";
import { HOUR, testProtocol } from "../../../registry/protocol_world.ts";
import { testInMemory } from "../../../registry/registries.ts";

const TIMES = [
  "2026-03-02T00:00", // a Monday
  "2026-03-01T23:59",
  "2026-03-01T08:00",
  "2026-02-23T00:00", // a Monday
  "2026-02-22T12:00",
  "2025-12-31T12:00",
];

Deno.test("the newest of each of the last days, weeks and months stays", () => {
  const items = TIMES.toReversed().map((time) => ({ madeAt: Date.parse(`${time}Z`), time }));
  const kept = (rules: Parameters<typeof newestOfPeriods>[1]) =>
    newestOfPeriods(items, rules).map(({ time }) => TIMES.indexOf(time));
  assertEquals(kept({ keepDaily: 2 }), [0, 1]);
  assertEquals(kept({ keepDaily: 9 }), [0, 1, 3, 4, 5]);
  assertEquals(kept({ keepWeekly: 3 }), [0, 1, 4]);
  assertEquals(kept({ keepMonthly: 3 }), [0, 3, 5]); // January has none
  assertEquals(kept({}), []);
});

testProtocol("prune() keeps the newest version of each day", {}, async (world) => {
  for (let i = 1; i <= 6; i++) {
    await world.registry.save("a", i);
    world.advance(12 * HOUR);
  }
  const left = async () =>
    await Array.fromAsync(world.registry.versions("a"), ({ modifiedAt }) => modifiedAt.getTime());
  const days = new Map((await left()).toReversed().map((ms) => [Math.floor(ms / 24 / HOUR), ms]));
  const { registry } = await world.open();
  const dry = await prune(registry, { keepDaily: 2, dryRun: true });
  const { deleted, kept } = await prune(registry, { keepDaily: 2 });
  assertEquals([deleted, kept, dry.deleted], [dry.deleted, 2, deleted]);
  assertEquals(await left(), [...days.values()].toReversed().slice(0, 2));
});

testInMemory("prune() keeps versions by their info", async ({ registry }) => {
  for (const released of [true, false, true, false]) {
    await registry.save("a", released, { metadata: { released } });
  }
  const keepWhere = ({ metadata }: { metadata: Record<string, unknown> }) =>
    metadata.released === true;
  const { deleted, kept } = await prune(registry, { keepWhere });
  assertEquals([deleted.map(({ version }) => version), kept], [["4.0.0", "2.0.0"], 2]);
});
