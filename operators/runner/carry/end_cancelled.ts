// Ends steps of cancelled runs from outside their processes.
import type { JobHandler } from "../../../extensions/queues/queue.ts";
import { queuedStepOf } from "../../engines/queue.ts";
import { watchForCancel } from "../records/run_record.ts";
import type { RunContext } from "../run_context.ts";

/** The time for a step to end by itself after it can know of the cancellation, milliseconds. */
const GRACE_MS = 8_000;

/**
 * Wraps a handler that executes steps in processes. A function that computes without an `await`
 * keeps its process from noticing that the run is cancelled. The wrapper aborts that step, and
 * executes it again, which only records the end of the run.
 */
export function endCancelled(
  handler: JobHandler,
  { registry, system, logger }: Pick<RunContext, "registry" | "system" | "logger">,
): JobHandler {
  return async (job, options) => {
    const { run } = queuedStepOf(job);
    const stop = new AbortController(), late = new AbortController(), over = new AbortController();
    const watching = watchForCancel({ registry, run, system, logger }, stop, over.signal)
      .then(() => system.sleep(GRACE_MS, over.signal))
      .then(() => late.abort(stop.signal.reason), () => {});
    try {
      const signal = AbortSignal.any([options.signal, late.signal]);
      return await handler(job, { ...options, signal });
    } catch (error) {
      options.signal.throwIfAborted();
      if (!late.signal.aborted) throw error;
      return await handler(job, options);
    } finally {
      over.abort();
      await watching;
    }
  };
}
