// Runs that a program of tomorrow began, with members that this one does not know.
import { assertEquals } from "@std/assert";
import { verifyRegistry } from "../../../apps/maintenance.ts";
import { openRun } from "../../../extensions/runs/mod.ts";
import { collectGarbage } from "../../../extensions/maintenance/mod.ts";
import { createWorld } from "../../registry/tomorrow/tomorrow_world.ts";

Deno.test("a run of tomorrow goes on", async () => {
  const { tomorrow, today } = await createWorld();
  const run = await openRun(tomorrow, "m", { id: "7", params: { rate: 1 } });
  run.log({ loss: 2 });
  await run.flush();
  assertEquals((await collectGarbage(today)).failures, []);
  const again = await openRun(today, "m", { id: "7" });
  again.log({ loss: 1 });
  assertEquals((await again.finish("model")).version, "1.0.0");
  assertEquals((await verifyRegistry(today)).problems, []);
});
