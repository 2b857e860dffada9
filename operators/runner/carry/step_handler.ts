// Executes steps of runs in a worker of a queue.
import { keepNewest, notFound, shown } from "../../../core/kernel.ts";
import type { JobHandler } from "../../../extensions/queues/queue.ts";
import type { Pipeline } from "../../contract/pipeline.ts";
import { queuedStepOf } from "../../engines/queue.ts";
import { isWell } from "../outcomes.ts";
import { parseRunId } from "../records/names.ts";
import { checkRunOptions } from "../run_context.ts";
import { findCarriedRun } from "./carried_run.ts";
import type { CarriedRun, CarriedRunOptions } from "./carried_run.ts";
import type { CarryOptions } from "./run_options.ts";
import { runStepOf } from "./run_step.ts";

/** Maximum number of runs that are kept in memory. */
const KEPT_RUNS = 16;

/**
 * Creates a handler that executes steps in this process: faster than one process per step, but
 * without isolation between steps. See `createStepHandler` for processes.
 *
 * @param pipelines pipelines whose steps it executes
 */
export function createRunHandler(
  pipelines: readonly Pipeline[],
  options: Omit<CarriedRunOptions, "run" | "signal"> & {
    /** An engine on the same queue, for the dependent steps. @default they are not submitted */
    carry?: CarryOptions;
  },
): JobHandler {
  options = checkRunOptions("create a handler of steps", options);
  const runs = new Map<string, Promise<CarriedRun>>();

  function find(run: string): Promise<CarriedRun> {
    const known = runs.get(run);
    if (known !== undefined) return known;
    const pipeline = pipelines.find(({ id }) => id === parseRunId(run).pipeline);
    if (pipeline === undefined) {
      const known = pipelines.map(({ id }) => id).join(", ") || "none";
      const state = `this worker serves only other pipelines: ${known}`;
      const hint = "Use a queue for each pipeline: add ?queue=NAME to the queue URL.";
      throw notFound("execute a step of run", shown(run), state, { hint });
    }
    const carriedRun = findCarriedRun(pipeline, { ...options, run });
    carriedRun.catch(() => runs.delete(run));
    runs.set(run, carriedRun);
    keepNewest(runs, KEPT_RUNS);
    return carriedRun;
  }

  return async (job, { signal }) => {
    const { run, step, shard } = queuedStepOf(job);
    const { carry, onEvent } = options;
    const outcome = await runStepOf(await find(run), { step, shard, carry, signal, onEvent });
    const { reason } = outcome;
    if (isWell(outcome)) return { exitCode: 0 };
    return { exitCode: 1, ...reason !== undefined && { reason } };
  };
}
