// Running the operator of a step on a thread of its own.
import { fault, type RegistryError } from "../../../core/errors.ts";
import type { JobOptions } from "../../../core/executor.ts";
import { shown } from "../../../core/naming/names.ts";
import type { OperatorContext } from "../../../core/pipelines/operator.ts";
import type { OperatorJobEnd } from "../../../core/pipelines/operator_job.ts";
import type { PipelineStep } from "../../../core/pipelines/pipeline.ts";
import type { AnyOperator } from "../../operator.ts";
import type { StepWatch } from "../../monitor/watch_step.ts";
import { runOperator } from "../../run_operator.ts";
import type { RunContext } from "../run_context.ts";
import type { AttemptResult } from "./attempt_end.ts";

/** Runs the operator where the executor has it: this thread only watches its time, and whether it is cancelled. */
export async function runAsWorker(
  { id, operator, timeoutMs, resources }: PipelineStep,
  given: OperatorContext<unknown>,
  { executor, system, hear }: Pick<RunContext, "executor" | "system"> & Pick<StepWatch, "hear">,
): Promise<AttemptResult> {
  if (executor === undefined) throw noExecutor(id);
  const ended: { there?: OperatorJobEnd } = {};
  const watched: AnyOperator = {
    async run({ logger, registry: _, signal, ...context }) {
      const onLog: JobOptions["onLog"] = (level, text) => logger[level](text);
      const job = { key: operator, context, maxBytes: resources.memoryLimit };
      ended.there = await executor.run("operator", job, { signal, onLog, onUsage: hear });
      return ended.there.exitCode;
    },
    command: () => [],
    validateInput: () => true, // is asked there
  };
  const { exitCode, error } = await runOperator(watched, given, {
    timeoutMs,
    graceMs: Infinity,
    system,
  });
  return { exitCode, error: error ?? ended.there?.error };
}

export function noExecutor(step: string): RegistryError {
  return fault({
    code: "Unsupported",
    action: "run step",
    subject: shown(step),
    state: "it is to run in a worker, and nobody said of which module",
    hint:
      "Pass executor: createOperatorExecutor({ module }) of ./workers/operators; the command line does so for a " +
      "pipeline with operators_module. Or leave out run_as: worker.",
  });
}
