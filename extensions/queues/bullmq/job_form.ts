// Jobs as BullMQ stores them.
import type { JobState, NewJob, QueuedJob } from "../queue.ts";
import type { PlainValue } from "../../../materializers/mod.ts";
import { corrupt, isRegistryError, messageOf } from "../../../core/kernel.ts";
import type { Job, Queue } from "npm:bullmq@^6";

export interface JobForm {
  group: string;
  data: PlainValue;
  /** The reason of a cancellation. Only its worker can end an active job, so it is marked. */
  cancelled?: string;
  /** The number of lost workers before the last retry. */
  lost?: number;
}

/** Reads the data of a job. Other programs may have written it: missing members are empty. */
export function formOf({ data: stored }: { data: unknown }): JobForm {
  const { group, data, cancelled, lost } = (stored ?? {}) as Partial<JobForm>;
  const form: JobForm = { group: typeof group === "string" ? group : "", data: data ?? null };
  if (typeof cancelled === "string") form.cancelled = cancelled;
  if (typeof lost === "number") form.lost = lost;
  return form;
}

const KEPT_SECONDS = 7 * 24 * 3_600;
export const MOST_ENDED = 100_000;

export function optionsOf(
  { id, delayMs, ...job }: NewJob,
): { jobId: string; [option: string]: unknown } {
  return { jobId: id, ...(delayMs ? { delay: delayMs } : {}), ...repeatedOptionsOf(job) };
}

export function repeatedOptionsOf(
  { priority, attempts = 1, backoffMs = 1_000 }: Omit<NewJob, "id" | "delayMs">,
): { [option: string]: unknown } {
  return {
    ...(priority ? { priority } : {}),
    ...(attempts > 1 ? { attempts, backoff: { type: "exponential", delay: backoffMs } } : {}),
  };
}

/** Returns the options of a worker that decide how long ended jobs are kept. */
export function keptOptionsOf(store: string): { [option: string]: unknown } {
  // PostgreSQL would compare each ended job with all others: see `trim.ts`.
  const retention = { age: KEPT_SECONDS, ...(store === "postgres" ? {} : { count: MOST_ENDED }) };
  return { removeOnComplete: retention, removeOnFail: retention };
}

export function cancellationOf(job: { data: unknown }): string | undefined {
  return formOf(job).cancelled;
}

/** The stored progress of a job. BullMQ stores 0 without one. */
export interface ProgressForm {
  said: PlainValue;
}

export type Place = "delayed" | "prioritized" | "waiting" | "active" | "completed" | "failed";

/** In the order of a job's life, so that a listing does not miss jobs that move on. */
const PLACES: readonly [Place, JobState][] = [
  ["delayed", "delayed"],
  ["prioritized", "waiting"],
  ["waiting", "waiting"],
  ["active", "running"],
  ["completed", "done"],
  ["failed", "failed"],
];

/** Returns the places that jobs of a state may be in. Cancelled ones are only marked. */
export function placesOf(state: JobState | undefined): Place[] {
  return PLACES.filter(([, its]) =>
    state === undefined || its === state ||
    (state === "cancelled" && its !== "running" && its !== "done")
  ).map(([place]) => place);
}

export function stateOf(place: string): JobState {
  return PLACES.find(([its]) => its === place)?.[1] ?? "waiting";
}

interface StoredJob {
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

export function jobOf(job: StoredJob, stored: JobState): QueuedJob {
  const { id, name: kind, attemptsMade, timestamp, processedOn, finishedOn, failedReason } = job;
  const { group, data, cancelled } = formOf(job);
  const state = stateNow(job, stored);
  const progress = (job.progress as Partial<ProgressForm> | null)?.said;
  return {
    id: id!,
    kind,
    group,
    data,
    state,
    attempts: job.opts.attempts || 1,
    attemptsMade,
    ...job.stalledCounter && { takenOver: job.stalledCounter },
    addedAt: new Date(timestamp || 0), // other programs may write anything
    ...processedOn && { startedAt: new Date(processedOn) },
    ...finishedOn && { endedAt: new Date(finishedOn) },
    ...progress !== undefined && { progress },
    ...state === "done" && { result: (job.returnvalue ?? null) as PlainValue },
    ...state === "cancelled" && { reason: cancelled },
    ...state === "failed" && { reason: failedReason },
  };
}

/** A marked job may have ended before. A cancelled one failed with the reason of the mark. */
function stateNow(job: StoredJob, state: JobState): JobState {
  const cancelled = cancellationOf(job);
  if (cancelled === undefined || state === "done" || state === "running") return state;
  return state === "failed" && job.failedReason !== cancelled ? state : "cancelled";
}

/** Reads a job; throws `Corrupt` if another program or an accident damaged it. */
export async function readJob(queue: Queue, id: string): Promise<Job<JobForm> | undefined> {
  try {
    return await queue.getJob(id);
  } catch (error) {
    // Failures of the server have other classes.
    if (!(error instanceof SyntaxError || error instanceof TypeError)) throw error;
    throw corrupt("read job", JSON.stringify(id), `its data is damaged: ${messageOf(error)}`, {
      hint: "Remove it, and add it again.",
      cause: error,
    });
  }
}

/** Returns a placeholder for a damaged job, so that it hides no others. Throws other errors. */
export function damagedJob(id: string, state: JobState, error: unknown): QueuedJob {
  if (!isRegistryError(error, "Corrupt")) throw error;
  const unknown = { group: "", kind: "", data: null, attempts: 1, attemptsMade: 0 };
  return { id, ...unknown, addedAt: new Date(0), state, reason: error.message };
}
