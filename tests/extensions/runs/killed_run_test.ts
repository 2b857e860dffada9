import { assert, assertEquals } from "@std/assert";
import { finishRun, openRun, readLoggedRuns } from "../../../extensions/runs/mod.ts";
import { runDeno } from "../../support/run_deno.ts";
import { testInRoot } from "../../support/temp_root.ts";
import { openFolder } from "../../registry/create_registry.ts";
import { collect } from "../../registry/rejected.ts";
import { pointsOf } from "./run_cases.ts";

testInRoot("a killed program leaves what it sent, and its run can go on", async (root) => {
  const path = root.join("registry");
  const killed = await runDeno("tests/extensions/runs/killed_run.ts", [path], {
    permissions: ["-A"],
  });
  assert(killed.code !== 0 && killed.stdout === "", killed.stdout + killed.stderr);
  const registry = await openFolder(path);
  const [{ id, points, params }] = await collect(readLoggedRuns(registry, { name: "m" }));
  assertEquals([id, points, params], ["1", 1_000, { rate: 0.1 }]);

  const again = await openRun(registry, "m", { id: "1" });
  again.log({ loss: 0.5 });
  await again.flush();
  await finishRun(registry, "m", { id: "1", alias: "candidate" });
  const all = await pointsOf(registry, "m@candidate");
  assertEquals([all.length, all.at(-1)], [1_001, { step: 1_000, loss: 0.5 }]);
  const { metadata } = await registry.info("m");
  assertEquals(metadata.metrics, { loss: 0.5, "loss.min": 0.001 });
  await registry.close();
});
