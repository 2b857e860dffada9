// Runs a pipeline on an engine: planned here, executed wherever the engine runs its steps.
import { type RegistryError, shown, unavailable } from "../../../core/kernel.ts";
import type { Pipeline } from "../../contract/pipeline.ts";
import { beginRun } from "../begin_run.ts";
import type { PlanOptions } from "../plan.ts";
import { cancelRun, type RunResult } from "../records/run_record.ts";
import { longestFirst } from "../sources.ts";
import { checkRunOptions, runFolder, withDefaults } from "../run_context.ts";
import { deliver, endRun, findCarriedRun } from "./carried_run.ts";
import type { CarriedRun } from "./carried_run.ts";
import type { CarryOptions, RunPipelineOptions } from "./run_options.ts";
import { isFull, untilAnswered } from "./next_steps.ts";
import { watchCarried, type WatchRunOptions } from "./watch_run.ts";
import { pipelineReasons } from "../../contract/reasons.ts";

/** Options of {@linkcode submitRun}. */
export interface SubmitRunOptions
  extends PlanOptions, Pick<RunPipelineOptions, "onRun" | "logger"> {
  carry: CarryOptions;
}

/**
 * Plans a run and submits its first steps to an engine. The process that ends a step submits the
 * steps that waited for it, so the run needs no watcher if steps are executed with `carry`, as by
 * workers of a queue and jobs of Slurm.
 *
 * @returns the run: `my_pipeline@3`
 */
export async function submitRun(pipeline: Pipeline, options: SubmitRunOptions): Promise<string> {
  return (await submit(pipeline, options, { isWatched: false })).carried.context.run;
}

async function submit(
  pipeline: Pipeline,
  options: SubmitRunOptions,
  { isWatched }: { isWatched: boolean },
): Promise<{ carried: CarriedRun; jobs: Map<string, string> }> {
  options = checkRunOptions("submit a run", options, ["carry"]);
  const { carry, onRun } = options;
  const { successes, save } = await beginRun(pipeline, options, carry.engine.machine);
  const run = await save();
  const { root } = withDefaults(options);
  await onRun?.(run, runFolder(pipeline, { run, root }));
  // Planning has just read the successes; whatever executes a step reads them again.
  const carried = await findCarriedRun(pipeline, { ...options, run }, successes);
  const { context: { dependencies }, state: { frontier } } = carried;
  const jobs = new Map<string, string>();
  const begin = async (step: string) => {
    const submit = () => deliver(carried.context, step, { ...carry, count: 1 });
    jobs.set(step, await untilAnswered(carried, submit, { patienceMs: PATIENCE_MS }));
  };
  const steps = longestFirst(frontier.ready, dependencies);
  const begun = await Promise.allSettled(steps.map(begin));
  const failed = begun.filter((one) => one.status === "rejected");
  // A full engine takes the others when these have ended, or when somebody watches the run.
  const mayWait = isWatched || jobs.size > 0;
  const refused = failed.find(({ reason }) => !(mayWait && isFull(reason)));
  if (refused !== undefined) {
    await endSubmitted(carried, jobs).catch((error) =>
      options.logger?.warn(stopFailure(run, error))
    );
    throw refused.reason;
  }
  if (failed[0] !== undefined) {
    const state = `${failed.length} of ${steps.length} steps wait`;
    carried.context.logger.warn(`${(failed[0].reason as RegistryError).message}; ${state}`);
  } else if (jobs.size === 0) await endRun(carried);
  return { carried, jobs };
}

/** Longest outage of an engine at the start of a run, milliseconds. */
const PATIENCE_MS = 30_000;

/** Cancels a run whose first steps cannot all be submitted, so that it has an end. */
async function endSubmitted(
  carried: CarriedRun,
  jobs: ReadonlyMap<string, string>,
): Promise<void> {
  const { registry, run } = carried.context;
  await cancelRun(registry, run);
  if (jobs.size === 0) await endRun(carried, { stopped: true });
}

/**
 * Runs a pipeline on an engine and waits for its end, for `runPipeline`, with the same events.
 * An abort ends the run; the next run skips what it has done.
 */
export async function runOnEngine(
  pipeline: Pipeline,
  options: SubmitRunOptions & Omit<WatchRunOptions, "run">,
): Promise<RunResult> {
  const { signal, registry } = options;
  const { carried, jobs } = await submit(pipeline, options, { isWatched: true });
  const { run } = carried.context;
  let stopping: Promise<unknown> | undefined;
  const stop = () =>
    stopping = cancelRun(registry, run).catch((error) =>
      options.logger?.warn(stopFailure(run, error))
    );
  if (signal?.aborted) stop();
  signal?.addEventListener("abort", stop, { once: true });
  try {
    const result = await watchCarried(carried, { ...options, signal: undefined }, jobs);
    signal?.throwIfAborted();
    return result;
  } finally {
    signal?.removeEventListener("abort", stop);
    await stopping;
  }
}

function stopFailure(run: string, cause: unknown): RegistryError {
  return unavailable("cancel run", run, "the registry did not save the request", {
    hint: `Try again: cancelRun(registry, ${shown(run)}).`,
    reason: pipelineReasons.of("run_not_cancelled", { run }),
    cause,
  });
}
