// What a job of ours is for BullMQ.
import type { NewJob } from "../../core/services/queue.ts";
import type { PlainValue } from "../../core/text/plain_value.ts";

export interface JobForm {
  group: string;
  data: PlainValue;
  /** Why it was cancelled: nobody but its worker may end an active job, so it is marked. */
  cancelled?: string;
}

/** What is in a job. Another program may have added or altered it: what it lacks is empty. */
export function formOf({ data: stored }: { data: unknown }): JobForm {
  const { group, data, cancelled } = (stored ?? {}) as Partial<JobForm>;
  const form: JobForm = { group: typeof group === "string" ? group : "", data: data ?? null };
  if (typeof cancelled === "string") form.cancelled = cancelled;
  return form;
}

const KEPT_SECONDS = 7 * 24 * 3_600;
export const MOST_ENDED = 100_000;

export function optionsOf(
  { id, delayMs, ...job }: NewJob,
  store: string,
): { jobId: string; [option: string]: unknown } {
  return { jobId: id, ...(delayMs ? { delay: delayMs } : {}), ...repeatedOptionsOf(job, store) };
}

export function repeatedOptionsOf(
  { priority, attempts = 1, backoffMs = 1_000 }: Omit<NewJob, "id" | "delayMs">,
  store: string,
): { [option: string]: unknown } {
  // PostgreSQL would compare all that are known with each that ends: see `trim.ts`.
  const kept = { age: KEPT_SECONDS, ...(store === "postgres" ? {} : { count: MOST_ENDED }) };
  return {
    attempts,
    ...(priority ? { priority } : {}),
    ...(attempts > 1 ? { backoff: { type: "exponential", delay: backoffMs } } : {}),
    removeOnComplete: kept,
    removeOnFail: kept,
    stackTraceLimit: 0, // a stack may show what nobody else is to see
  };
}

/** Why a job was cancelled; undefined where it was not. */
export function cancellationOf(job: { data: unknown }): string | undefined {
  return formOf(job).cancelled;
}

/** How far a job is, as BullMQ keeps it, which has 0 for those that said nothing. */
export interface ProgressForm {
  said: PlainValue;
}
