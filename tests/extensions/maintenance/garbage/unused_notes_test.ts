// Notes of selections and shards that nobody uses any more.
import { assert, assertEquals } from "@std/assert";
import { collectGarbage, measureSpace } from "../../../../extensions/maintenance/mod.ts";
import { verifyRegistry } from "../../../../apps/maintenance.ts";
import { recordsOf } from "../../../../registry/records.ts";
import { createProtocolWorld, HOUR, type ProtocolWorld } from "../../../registry/protocol_world.ts";

const DAY = 24 * HOUR;
const SOURCE = "01951e2f-6c00-7abc-8def-0123456789ab";
const tableOf = (selection: string) => `mirrors/${SOURCE}/.names/${selection}/`;

/** Does what a mirror run does with the table of a selection. */
async function mirror({ registry }: ProtocolWorld, selection: string): Promise<void> {
  const isEntry = (value: unknown): value is number => typeof value === "number";
  const context = recordsOf(registry, "test");
  await (await context.notes.table({ folder: tableOf(selection), isEntry })).save([["a", 1]]);
}

const notes = async (
  world: ProtocolWorld,
) => [...await world.keys("mirrors/"), ...await world.keys("gc/.")];

Deno.test("gc forgets notes that nobody used for a year, and keeps those of each night", async () => {
  const world = await createProtocolWorld();
  await world.registry.save("a", 1);
  world.advance(HOUR);
  await mirror(world, "mistyped");
  await verifyRegistry(world.registry, { shard: { index: 0, count: 999_999 } });
  await measureSpace(world.registry);
  const unused = [`${tableOf("mistyped")}0`, "gc/.space/0", "gc/.verified/0-999999"];
  const used = [`${tableOf("each night")}0`, "gc/.names/0", "gc/.verified/0-1"];
  for (let day = 0; day < 372; day += 3) {
    await mirror(world, "each night");
    if (day % 30 === 0) await verifyRegistry(world.registry, { sample: 1 / 30 });
    const { failures } = await collectGarbage(world.registry);
    assertEquals(failures, []);
    const kept = await notes(world);
    assertEquals(used.filter((key) => !kept.includes(key)), [], `day ${day}`);
    assertEquals(unused.every((key) => kept.includes(key)), day <= 364, `day ${day}`);
    world.advance(3 * DAY);
  }
  assertEquals((await notes(world)).sort(), used.sort());
});

Deno.test("a run of gc that reports only keeps unused notes, and lists them", async () => {
  const world = await createProtocolWorld();
  await mirror(world, "mistyped");
  world.advance(400 * DAY);
  const keys: string[] = [];
  await collectGarbage(world.registry, { dryRun: true, onItem: ({ key }) => void keys.push(key) });
  assert(keys.includes(`${tableOf("mistyped")}0`));
  assertEquals(await world.keys("mirrors/"), [`${tableOf("mistyped")}0`]);
});
