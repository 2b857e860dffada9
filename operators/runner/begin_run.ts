// Begins a run: checks its steps, plans them, and saves the plan.
import { shown, unsupported } from "../../core/kernel.ts";
import { encodePipeline } from "../config/encode.ts";
import type { Machine } from "../contract/engine.ts";
import type { Pipeline, PipelineStep } from "../contract/pipeline.ts";
import { type PlanOptions, planWithSuccesses } from "./plan.ts";
import { saveRun } from "./records/run_record.ts";
import { checkRoom } from "./schedule.ts";

/** Plans a run for `machine`, or for those of an engine. Returns a function to save it. */
export async function beginRun(pipeline: Pipeline, options: PlanOptions, machine?: Machine) {
  const chosen = pipeline.steps.filter(({ id }) => options.steps?.includes(id) ?? true);
  checkRunnable(chosen);
  checkRoom(pipeline, chosen, machine);
  const { plan, successes } = await planWithSuccesses(pipeline, options);
  const { registry, signal } = options;
  const configuration = encodePipeline(pipeline);
  const save = (key?: string) => saveRun(registry, plan, { signal, configuration, key });
  return { plan, successes, save };
}

/** Refuses steps that this runner cannot run, as `Unsupported`. */
export function checkRunnable(steps: readonly PipelineStep[]): void {
  for (const { id, shards, outputs } of steps) {
    const elsewhere = Object.values(outputs).find((to) => !to.startsWith("registry:"));
    if (shards === 1 || elsewhere === undefined) continue;
    const action = "run step";
    throw unsupported(action, shown(id), `its shards cannot write ${shown(elsewhere)} together`, {
      hint: "Write registry:NAME, which all shards write as one version. A later step may write " +
        "to a path or URL.",
    });
  }
}
