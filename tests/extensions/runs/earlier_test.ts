// Runs that programs of earlier commits began, and those of this program.
import { assertEquals } from "@std/assert";
import { finishRun, openRun, readLoggedRuns } from "../../../extensions/runs/mod.ts";
import { collectGarbage } from "../../../extensions/maintenance/mod.ts";
import { testOnAll } from "../../registry/earlier/on_all.ts";
import { collect, rejected } from "../../registry/rejected.ts";

testOnAll("runs keep their meaning", async ({ open }) => {
  const main = await open("main");
  if (!await main.has("logged")) return; // an earlier program without runs
  assertEquals(await main.load("logged@live"), { weights: [1, 2] });
  await collectGarbage(main, { now: true });
  const runs = await collect(readLoggedRuns(main));
  assertEquals(runs.map(({ id, points, params, reason }) => [id, points, params, reason]), [
    ["failed", 1, {}, "the loss is NaN"],
    ["killed", 2, { rate: 0.1 }, undefined],
  ]);
  await rejected("Conflict", openRun(main, "logged", { id: "killed", params: { rate: 0.2 } }));
  const again = await openRun(main, "logged", { id: "killed", params: { depth: 2, rate: 0.1 } });
  again.log({ loss: 0.1 });
  await again.flush();
  const { version } = await finishRun(main, "logged", { id: "killed" });
  const { metadata } = await main.info(`logged@${version}`);
  assertEquals([metadata.params, metadata.metrics], [
    { rate: 0.1, depth: 2 },
    { loss: 0.1, "loss.min": 0.1 },
  ]);
  assertEquals((metadata.run as { step: number }).step, 3);
});
