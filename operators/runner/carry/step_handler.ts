// What a worker of a queue does with steps where it executes them itself.
import { fault, type RegistryError } from "../../../core/errors.ts";
import { shown } from "../../../core/naming/names.ts";
import type { JobHandler } from "../../../core/queue.ts";
import type { Pipeline } from "../../contract/pipeline.ts";
import { queuedStepOf } from "../../engines/queue.ts";
import { parseRunId } from "../records/names.ts";
import { isWell } from "../outcomes.ts";
import { checkRunOptions } from "../run_context.ts";
import { type CarriedRun, type CarriedRunOptions, findCarriedRun } from "./carried_run.ts";
import { runStepOf } from "./run_step.ts";
import type { CarryOptions } from "./deliveries.ts";

/** Options of {@linkcode createRunHandler}. */
export interface RunHandlerOptions extends Omit<CarriedRunOptions, "run" | "signal"> {
  /** What carries the steps after those that end here: an engine on the same queue. */
  carry: CarryOptions;
}

const KEPT_RUNS = 16;

/**
 * Creates a handler that executes steps in this process, for a program that is its own worker: faster than a process for
 * each, and with nothing between one step and the next. See `createStepHandler` for processes.
 *
 * @param pipelines those whose steps it executes
 */
export function createRunHandler(
  pipelines: readonly Pipeline[],
  options: RunHandlerOptions,
): JobHandler {
  options = checkRunOptions("create a handler of steps", options, ["carry"]);
  const runs = new Map<string, Promise<CarriedRun>>();

  function find(run: string): Promise<CarriedRun> {
    const known = runs.get(run);
    if (known !== undefined) return known;
    const pipeline = pipelines.find(({ id }) => id === parseRunId(run).pipeline);
    if (pipeline === undefined) throw notOurs(run, pipelines);
    const found = findCarriedRun(pipeline, { ...options, run });
    found.catch(() => runs.delete(run));
    runs.set(run, found);
    if (runs.size > KEPT_RUNS) runs.delete(runs.keys().next().value!);
    return found;
  }

  return async (job, { signal }) => {
    const { run, step, shard } = queuedStepOf(job);
    const { carry, onEvent } = options;
    const outcome = await runStepOf(await find(run), { step, shard, carry, signal, onEvent });
    return isWell(outcome)
      ? { exitCode: 0 }
      : { exitCode: 1, ...(outcome.reason === undefined ? {} : { reason: outcome.reason }) };
  };
}

function notOurs(run: string, pipelines: readonly Pipeline[]): RegistryError {
  return fault({
    code: "NotFound",
    action: "execute a step of run",
    subject: shown(run),
    state: "this worker has no such pipeline",
    hint: `It has ${
      pipelines.map(({ id }) => id).join(", ") || "none"
    }. Give pipelines of different workers different ` +
      "queues: ?queue=NAME",
  });
}
