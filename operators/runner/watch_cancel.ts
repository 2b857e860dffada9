// Watches for a request to cancel a run.
import { fault, type RegistryError } from "../../core/errors.ts";
import { isCancelled } from "./records/run_record.ts";
import type { RunContext } from "./run_context.ts";

/** Interval, milliseconds. */
const CHECK_MS = 2_000;

/** Aborts `stop` when the run is cancelled. Ends with `over`. */
export async function watchForCancel(
  { registry, run, system, logger }: Pick<RunContext, "registry" | "run" | "system" | "logger">,
  stop: AbortController,
  over: AbortSignal,
): Promise<void> {
  while (!over.aborted) {
    const asleep = await system.sleep(CHECK_MS, over).then(() => true, () => false);
    if (!asleep) return;
    try {
      if (await isCancelled(registry, run, { signal: over })) {
        return stop.abort(cancelledError(run));
      }
    } catch (error) {
      // The next check may succeed.
      if (!over.aborted) logger.debug(`cannot check whether the run is cancelled: ${error}`);
    }
  }
}

export function cancelledError(run: string): RegistryError {
  return fault({
    code: "TaskFailed",
    action: "continue run",
    subject: run,
    state: "it was cancelled",
    hint: "Run the pipeline again: finished steps are skipped.",
  });
}
