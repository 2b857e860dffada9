import { assertEquals } from "@std/assert";
import { realSystem } from "../../../../core/system.ts";
import type { System } from "../../../../core/system.ts";
import { createMemoryBackend, openRegistry } from "../../../../mod.ts";
import { attemptsOf, planPipeline, runStep } from "../../../../operators/runner/mod.ts";
import { saveRun } from "../../../../operators/runner/records/run_record.ts";
import { damageRecord } from "../../../registry/conformance/open_on.ts";
import { rejected } from "../../../registry/rejected.ts";
import { testInRoot } from "../../../support/temp_root.ts";
import { pipeline, step } from "../pipelines.ts";
import { world } from "../world.ts";

const HOUR = 3_600_000;

testInRoot(
  "attempts are told whatever the clocks of planner and worker say, an hour off either way",
  async (root) => {
    await using options = await world(root);
    const backend = createMemoryBackend();
    const machine = (offMs: number): System => ({
      ...realSystem,
      now: () => realSystem.now() + offMs,
    });
    await using planner = await openRegistry(backend, { system: machine(HOUR) });
    await using worker = await openRegistry(backend, { system: machine(-HOUR) });
    options.operators.register("broken", { run: () => 3, command: () => ["false"] });
    const steps = pipeline([step("clean"), step("broken")]);
    const run = await saveRun(
      planner,
      await planPipeline(steps, { ...options, registry: planner }),
    );
    for (const step of ["clean", "broken"]) {
      await runStep(steps, { ...options, registry: worker, run, step });
      assertEquals((await attemptsOf(worker, { run, step })).map(({ record }) => record.step), [
        step,
      ]);
    }
    await damageRecord(backend, "nightly:step:clean@1.0.0");
    await rejected("Corrupt", attemptsOf(worker, { run, step: "clean" }));
  },
);
