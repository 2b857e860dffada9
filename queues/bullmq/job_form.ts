// What a job of ours is for BullMQ.
import type { JobState, NewJob, QueuedJob } from "../../core/queue.ts";
import type { PlainValue } from "../../core/text/plain_value.ts";
import type { Job, Queue } from "npm:bullmq@^6";
import { fault, isRegistryError, messageOf } from "../../core/errors.ts";

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

export type Place = "delayed" | "prioritized" | "waiting" | "active" | "completed" | "failed";

/** In the order in which a job goes through them, so that one that moves on while they are read is seen. */
const PLACES: readonly [Place, JobState][] = [
  ["delayed", "delayed"],
  ["prioritized", "waiting"],
  ["waiting", "waiting"],
  ["active", "running"],
  ["completed", "done"],
  ["failed", "failed"],
];

/** The places where jobs of a state may be; one that is cancelled is only marked. */
export function placesOf(state: JobState | undefined): Place[] {
  return PLACES.filter(([, its]) =>
    state === undefined || its === state ||
    (state === "cancelled" && its !== "running" && its !== "done")
  ).map(([place]) => place);
}

export function stateOf(place: string): JobState {
  return PLACES.find(([its]) => its === place)?.[1] ?? "waiting";
}

export interface StoredJob {
  id?: string;
  name: string;
  data: unknown;
  progress: unknown;
  opts: { attempts?: number };
  attemptsMade: number;
  stalledCounter?: number;
  timestamp: number;
  processedOn?: number;
  finishedOn?: number;
  returnvalue: unknown;
  failedReason?: string;
}

export function told(job: StoredJob, state: JobState): QueuedJob {
  const { id, name: kind, attemptsMade, timestamp, processedOn, finishedOn, failedReason } = job;
  const { group, data, cancelled } = formOf(job);
  const shown = shownState(job, state);
  const progress = (job.progress as Partial<ProgressForm> | null)?.said;
  return {
    ...{ id: id!, kind, group, data, state: shown, attempts: job.opts.attempts ?? 1, attemptsMade },
    ...job.stalledCounter && { takenOver: job.stalledCounter },
    addedAt: new Date(timestamp || 0), // whatever another program wrote there
    ...processedOn && { startedAt: new Date(processedOn) },
    ...finishedOn && { endedAt: new Date(finishedOn) },
    ...progress !== undefined && { progress },
    ...shown === "done" && { result: (job.returnvalue ?? null) as PlainValue },
    ...shown === "cancelled" && { reason: cancelled },
    ...shown === "failed" && { reason: failedReason },
  };
}

/** A job that was marked may have ended by itself before: one that was cancelled failed with that as its reason. */
function shownState(job: StoredJob, state: JobState): JobState {
  const cancelled = cancellationOf(job);
  if (cancelled === undefined || state === "done" || state === "running") return state;
  return state === "failed" && job.failedReason !== cancelled ? state : "cancelled";
}

/** Reads a job; undefined where there is none, `Corrupt` where another program, or an accident, has damaged it. */
export async function readJob(queue: Queue, id: string): Promise<Job<JobForm> | undefined> {
  try {
    return await queue.getJob(id);
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof TypeError)) throw error; // the server fails otherwise
    throw fault({
      code: "Corrupt",
      action: "read job",
      subject: JSON.stringify(id),
      state: `what its queue has of it is damaged: ${messageOf(error)}`,
      hint: "Another program wrote it, or an accident did. Remove it, and add it again.",
      cause: error,
    });
  }
}

/** What is told of a job that cannot be read; throws any other error, so that one damaged job hides no others. */
export function toldDamaged(id: string, state: JobState, error: unknown): QueuedJob {
  if (!isRegistryError(error) || error.code !== "Corrupt") throw error;
  const unknown = {
    group: "",
    kind: "",
    data: null,
    attempts: 1,
    attemptsMade: 0,
    addedAt: new Date(0),
  };
  return { id, ...unknown, state, reason: error.message };
}
