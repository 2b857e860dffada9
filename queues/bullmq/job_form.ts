/**
 * What a job of ours is for BullMQ.
 *
 * @module
 */
import type { NewJob } from "../../core/pipelines/queue.ts";
import type { PlainValue } from "../../core/text/plain_value.ts";

/** The data of a job. */
export interface JobForm {
  /** What it belongs to. */
  group: string;
  /** What it is done with. */
  data: PlainValue;
}

/** What is in a job. Another program may have added or altered it: what it lacks is empty. */
export function formOf({ data: stored }: { data: unknown }): JobForm {
  const { group, data } = (stored ?? {}) as Partial<JobForm>;
  return { group: typeof group === "string" ? group : "", data: data ?? null };
}

/** Jobs that ended are known for a week, and the last of them however many there are. */
const KEPT = { age: 7 * 24 * 3_600, count: 100_000 };

/** The options that a job is added with. */
export function optionsOf({ id, delayMs, priority, attempts = 1, backoffMs = 1_000 }: NewJob): {
  jobId: string;
  [option: string]: unknown;
} {
  return {
    jobId: id,
    attempts,
    ...(delayMs ? { delay: delayMs } : {}),
    ...(priority ? { priority } : {}),
    ...(attempts > 1 ? { backoff: { type: "exponential", delay: backoffMs } } : {}),
    removeOnComplete: KEPT,
    removeOnFail: KEPT,
    stackTraceLimit: 0, // a stack may show what nobody else is to see
  };
}

/** Why a job was cancelled; undefined where it was not. */
export function cancellationOf({ progress }: { progress: unknown }): string | undefined {
  const { cancelled } = (progress ?? {}) as { cancelled?: unknown };
  return typeof cancelled === "string" ? cancelled : undefined;
}
