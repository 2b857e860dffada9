// Submits the steps that waited for one that has ended. An engine or a registry may be away just
// then, and in a detached run nothing else submits them.
import { isRegistryError, type RegistryError, retry, valueAt } from "../../../core/kernel.ts";
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
function mayPass(error: unknown): boolean {
  return isRegistryError(error, "Unavailable", "Unknown") && !isFull(error);
}

/** True if an engine takes no further job before another one ends. */
export function isFull(error: unknown): error is RegistryError {
  return isRegistryError(error, "Unavailable") && error.reason?.kind === "engine_full";
}

/** Repeats an operation while the engine or the registry is away. Throws the last failure. */
export async function untilAnswered<T>(
  { context: { system, logger } }: Pick<CarriedRun, "context">,
  operation: () => Promise<T>,
  { signal, patienceMs = PATIENCE_MS, passes = mayPass }: {
    signal?: AbortSignal;
    patienceMs?: number;
    passes?: (error: unknown) => boolean;
  } = {},
): Promise<T> {
  return await retry(operation, {
    system,
    signal,
    retryForMs: patienceMs,
    fromFailure: true,
    passes,
    onRetry: (error) => logger.warn(`${(error as RegistryError).message}; trying again`),
  });
}

/**
 * Submits the steps that waited for a step, or others. Returns whether all of them have ended
 * instead. If the engine is full, the steps are left to another job of the run that ends later: one
 * that waited here would keep its place.
 *
 * @throws {RegistryError} if it cannot submit them. An engine that redelivers tries again; for
 * others, the reason is recorded as an attempt of each step, which a watcher may still submit
 */
export async function submitNext(
  run: CarriedRun,
  id: string,
  { carry, signal, steps }: {
    carry: CarryOptions;
    signal?: AbortSignal;
    /** @default those that waited for it */
    steps?: readonly string[];
  },
): Promise<boolean> {
  const { context } = run;
  const { logger } = context;
  const unsubmitted = new Map<string, DueStep>();
  const begin = async (next: string, due: DueStep) => {
    unsubmitted.set(next, due);
    await deliver(context, next, { ...carry, count: 1 });
    return unsubmitted.delete(next);
  };
  const all = steps ?? valueAt(context.dependencies.after, id);
  const submit = () => advance(run, all, begin);
  try {
    try {
      return await untilAnswered(run, submit, { signal });
    } catch (error) {
      if (!isFull(error)) throw error;
      logger.warn(`${error.message}; a job that ends later submits the next steps`);
      if (!await isLastJob(run, id, { carry, signal })) return false;
      return await untilAnswered(run, submit, {
        signal,
        passes: (error) => isFull(error) || mayPass(error),
      });
    }
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

/**
 * Returns whether no other job of the run submits steps later: all that still run have recorded
 * their end, and are before this one in the order of the run.
 */
export async function isLastJob(
  run: CarriedRun,
  id: string,
  { carry: { engine }, signal }: { carry: CarryOptions; signal?: AbortSignal },
): Promise<boolean> {
  const { context, plan, state } = run;
  const jobs = await untilAnswered(run, () => engine.list(context.run), { signal });
  const others = jobs.filter((job) =>
    job.step !== id && (job.state === "running" || job.state === "waiting")
  );
  if (others.some((job) => job.step === undefined || job.state === "waiting")) return false;
  const ids = others.flatMap(({ step }) => step ?? []);
  await untilAnswered(run, () => state.update(ids), { signal });
  const rank = new Map(plan.record.steps.map(({ step }, index) => [step, index]));
  return ids.every((other) =>
    state.frontier.outcomeOf(other) !== undefined && valueAt(rank, other) < valueAt(rank, id)
  );
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
