// How long the run of a killed program can be continued and finished, also with wrong clocks.
import { assertEquals } from "@std/assert";
import { collectGarbage } from "../../../extensions/maintenance/mod.ts";
import { finishRun, openRun, readLoggedRuns } from "../../../extensions/runs/mod.ts";
import { GRACE_MS, HOUR, type ProtocolWorld, testProtocol } from "../../registry/protocol_world.ts";
import { collect, rejected } from "../../registry/rejected.ts";
import { pointsOf } from "./run_cases.ts";

const DAY = 24 * HOUR;
const USUAL = { graceMs: GRACE_MS, leastGraceMs: HOUR };

/** Leaves a run with a point, as a killed program does. */
async function leave({ registry }: ProtocolWorld): Promise<void> {
  const run = await openRun(registry, "m", { id: "1" });
  run.log({ loss: 1 });
  await run.flush();
}

testProtocol("a run is continued and finished for a week less two hours", USUAL, async (world) => {
  await leave(world);
  world.advance(7 * DAY - 2 * HOUR);
  await collectGarbage(world.registry);
  const { registry } = await world.open();
  const run = await openRun(registry, "m", { id: "1" });
  run.log({ loss: 0.5 });
  await run.flush();
  world.advance(6 * DAY);
  await collectGarbage(registry);
  await finishRun((await world.open()).registry, "m", { id: "1" });
  assertEquals((await pointsOf(registry, "m")).length, 2);
});

testProtocol("a run that gc may remove is refused, then removed", USUAL, async (world) => {
  await leave(world);
  world.advance(7 * DAY - 2 * HOUR + 1);
  const { registry } = await world.open();
  await rejected("Conflict", finishRun(registry, "m", { id: "1" }), /for so long/);
  await rejected("Conflict", openRun(registry, "m", { id: "1" }), /for so long/);
  assertEquals((await collect(readLoggedRuns(registry))).length, 1);
  world.advance(2 * HOUR);
  await collectGarbage(registry);
  assertEquals(await collect(readLoggedRuns(registry)), []);
  assertEquals(await world.keys("drafts/"), []);
});

testProtocol(
  "a machine with a wrong clock asks the store how old a run is",
  USUAL,
  async (world) => {
    await leave(world);
    world.advance(7 * DAY - 3 * HOUR);
    world.clocks.wall += 12 * HOUR;
    const ahead = await world.open();
    await (await openRun(ahead.registry, "m", { id: "1" })).close();
    world.clocks.wall -= 12 * HOUR;
    world.advance(7 * DAY - HOUR);
    world.clocks.wall -= 12 * HOUR;
    const behind = await world.open();
    await rejected("Conflict", finishRun(behind.registry, "m", { id: "1" }), /for so long/);
    await rejected("Conflict", openRun(behind.registry, "m", { id: "1" }), /for so long/);
    assertEquals(await world.keys("scratch/"), []);
  },
);

for (const minutes of [-600, -31, 31, 600]) {
  testProtocol(
    `a run begins with a clock that is ${minutes} minutes ahead`,
    USUAL,
    async (world) => {
      world.clocks.wall += minutes * 60_000;
      const { registry } = await world.open();
      const run = await openRun(registry, "m", { id: "1" });
      run.log({ loss: 1 });
      await run.finish();
      assertEquals((await pointsOf(registry, "m")).length, 1);
      const draft = await registry.openDraft("m", { id: "d" });
      await draft.addPart("a", [{ path: "a", content: new Uint8Array(100_000) }]);
      await draft.commit();
    },
  );
}
