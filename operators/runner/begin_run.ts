// Begins a run: checks its steps, plans them, and saves the plan.
import { fault } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import { encodePipeline } from "../config/encode.ts";
import type { Pipeline, PipelineStep } from "../contract/pipeline.ts";
import { type PlanOptions, planWithSuccesses } from "./plan.ts";
import { saveRun } from "./records/run_record.ts";
import { checkRoom, type Machine } from "./schedule.ts";
import { withoutSecrets } from "./secrets.ts";

/** Plans a run for `machine`, or for an engine. Returns a function to save it. */
export async function beginRun(pipeline: Pipeline, options: PlanOptions, machine?: Machine) {
  const chosen = pipeline.steps.filter(({ id }) => options.steps?.includes(id) ?? true);
  const isHere = machine !== undefined; // an engine has its own threads and room
  checkRunnable(chosen.filter(({ runAs }) => isHere || runAs !== "worker"), options);
  if (isHere) checkRoom(pipeline, chosen, machine);
  const { plan, successes } = await planWithSuccesses(pipeline, options);
  const { registry, signal } = options;
  // deno-lint-ignore no-explicit-any -- a pipeline is plain data
  const configuration = encodePipeline(withoutSecrets(pipeline as any));
  const save = (key?: string) => saveRun(registry, plan, { signal, configuration, key });
  return { plan, successes, save };
}

/** Refuses steps that this runner cannot run, as `Unsupported`. */
export function checkRunnable(
  steps: readonly PipelineStep[],
  { executor }: Pick<PlanOptions, "executor">,
): void {
  const unsupported = (step: string, state: string, hint: string) =>
    fault({ code: "Unsupported", action: "run step", subject: shown(step), state, hint });
  for (const { id, runAs, shards, outputs } of steps) {
    if (runAs === "worker" && executor === undefined) {
      throw unsupported(
        id,
        "it runs in a worker, and no module of operators is set",
        "Pass executor: createOperatorExecutor({ module }) of ./workers/operators, set " +
          "operators_module in the configuration, or omit run_as: worker.",
      );
    }
    const elsewhere = Object.values(outputs).find((to) => !to.startsWith("registry:"));
    if (shards > 1 && elsewhere !== undefined) {
      throw unsupported(
        id,
        `its shards cannot write ${shown(elsewhere)} together`,
        "Write registry:NAME, which all shards write as one version. A later step may write to a " +
          "path or URL.",
      );
    }
  }
}
