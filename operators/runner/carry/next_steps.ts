// Submits the steps that waited for one that has ended. An engine or a registry may be away just
// then, and in a detached run nothing else submits them.
import { isRegistryError, type RegistryError } from "../../../core/errors.ts";
import { valueAt } from "../../../core/faults/present.ts";
import { retry } from "../../../core/retry.ts";
import { EXIT_CODES } from "../../contract/operator.ts";
import { saveFailure } from "../records/failures.ts";
import type { FailureRecord } from "../records/files.ts";
import type { RunContext } from "../run_context.ts";
import { metadataOf } from "../success.ts";
import { advance, deliver } from "./carried_run.ts";
import type { CarriedRun } from "./carried_run.ts";
import type { CarryOptions } from "./run_options.ts";
import type { DueStep } from "./run_state.ts";

/** Longest outage of an engine or registry at the end of a step, milliseconds. */
const PATIENCE_MS = 5 * 60_000;

/** True for failures of a server that may answer later. */
function mayPass(error: unknown): error is RegistryError {
  return isRegistryError(error, "Unavailable", "Unknown");
}

/** Repeats an operation while the engine or the registry is away. Throws the last failure. */
export async function untilAnswered<T>(
  { context: { system, logger } }: Pick<CarriedRun, "context">,
  operation: () => Promise<T>,
  { signal, patienceMs = PATIENCE_MS }: { signal?: AbortSignal; patienceMs?: number } = {},
): Promise<T> {
  return await retry(operation, {
    system,
    signal,
    retryForMs: patienceMs,
    fromFailure: true,
    passes: mayPass,
    onRetry: (error) => logger.warn(`${(error as RegistryError).message}; trying again`),
  });
}

/**
 * Submits the steps that waited for a step. Returns whether all of them have ended instead.
 *
 * @throws {RegistryError} if it cannot submit them. An engine that redelivers tries again; for
 * others, the reason is recorded as an attempt of each step, which a watcher may still submit
 */
export async function submitNext(
  run: CarriedRun,
  id: string,
  { carry, signal }: { carry: CarryOptions; signal?: AbortSignal },
): Promise<boolean> {
  const { context } = run;
  const unsubmitted = new Map<string, DueStep>();
  const begin = async (next: string, due: DueStep) => {
    unsubmitted.set(next, due);
    await deliver(context, next, { ...carry, count: 1 });
    return unsubmitted.delete(next);
  };
  const after = valueAt(context.dependencies.after, id);
  try {
    return await untilAnswered(run, () => advance(run, after, begin), { signal });
  } catch (error) {
    signal?.throwIfAborted();
    if (carry.engine.redelivers || !isRegistryError(error)) throw error;
    for (const [next, due] of unsubmitted) {
      const message = `Cannot submit step "${next}": ${error.message}`;
      const { hint, reason } = error;
      await recordUnstarted(context, next, { due, again: true, message, hint, reason });
    }
    throw error;
  }
}

/** Records a failure of a step that has no process to do so. */
export async function recordUnstarted(
  { registry, run, dependencies, system }: RunContext,
  id: string,
  { due, again, message, hint, reason }: Pick<FailureRecord, "again"> & FailureRecord["error"] & {
    due: DueStep;
  },
): Promise<void> {
  const { node, operator } = valueAt(dependencies.steps, id);
  const { fingerprint, effect } = due.state;
  const record: FailureRecord = {
    kind: "failure",
    run,
    step: id,
    node,
    operator,
    fingerprint,
    effect,
    attempt: Math.max(0, ...due.failed.values()) + 1,
    startedAt: new Date(system.now()).toISOString(),
    durationMs: 0,
    exitCode: EXIT_CODES.resource,
    exit: "resource",
    again,
    error: { code: "Unavailable", message, hint, reason },
  };
  await saveFailure(registry, record, { metadata: metadataOf(record) });
}
