// Looking whether a run was asked to stop.
import { fault, type RegistryError } from "../../core/errors.ts";
import { isCancelled } from "./records/run_record.ts";
import type { RunContext } from "./run_context.ts";

/** How often it is looked, milliseconds. */
const LOOK_MS = 2_000;

/** Looks every few seconds whether somebody asked the run to stop, and aborts `stop` then. */
export async function watchForCancel(
  { registry, run, system, logger }: Pick<RunContext, "registry" | "run" | "system" | "logger">,
  stop: AbortController,
  over: AbortSignal,
): Promise<void> {
  while (!over.aborted) {
    const asleep = await system.sleep(LOOK_MS, over).then(() => true, () => false);
    if (!asleep) return;
    try {
      if (await isCancelled(registry, run, { signal: over })) {
        return stop.abort(cancelledError(run));
      }
    } catch (error) {
      if (!over.aborted) logger.debug(`cannot look whether the run is to stop: ${error}`); // the next look may answer
    }
  }
}

export function cancelledError(run: string): RegistryError {
  return fault({
    code: "TaskFailed",
    action: "go on with run",
    subject: run,
    state: "it was cancelled",
    hint: "Run the pipeline again: what was done is not done again.",
  });
}
