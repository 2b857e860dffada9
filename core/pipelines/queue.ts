/**
 * The contract of a queue of jobs: somebody adds them, workers on any machine take them.
 *
 * A job may be delivered more than once: a worker that died, hung or lost its connection is taken for dead, and another
 * one gets its job. So what a job does must be the same however often it is done.
 *
 * @module
 */
import { RegistryError } from "../errors.ts";
import type { SignalOptions } from "../registry.ts";
import { plainProblem } from "../text/plain_value.ts";
import type { PlainValue } from "../text/plain_value.ts";

/** A job to be done. */
export interface NewJob {
  /** Identifies it: 1 to 200 of `A-Z a-z 0-9 . _ -`, not only digits. An id that the queue knows is the same job. */
  id: string;
  /** What it belongs to, as a run of a pipeline: `my_pipeline@3`. */
  group: string;
  /** What is to be done, for handlers that do several things: `step`. */
  kind: string;
  /** What it is done with. Never secrets. */
  data: PlainValue;
  /** It is not begun for so many milliseconds. @default 0 */
  delayMs?: number;
  /** The lowest is begun first, 0 to 2,000,000; equal ones in the order they came. @default 0 */
  priority?: number;
  /** How often it is tried, where its handler throws. @default 1 */
  attempts?: number;
  /** How long is waited before the second time, doubled from then on, milliseconds. @default 1000 */
  backoffMs?: number;
}

/** Where a job is. */
export type JobState = "waiting" | "delayed" | "running" | "done" | "failed" | "cancelled";

/** A job, as its queue knows it. */
export interface QueuedJob extends Pick<NewJob, "id" | "group" | "kind" | "data"> {
  /** Where it is. A running one that was cancelled is `running` until its worker has ended it. */
  state: JobState;
  /** What its handler returned, where it is done. */
  result?: PlainValue;
  /** Why it failed, or was cancelled. */
  reason?: string;
}

/** A job in the hands of a worker. */
export type TakenJob = Pick<NewJob, "id" | "group" | "kind" | "data">;

/**
 * Does a job. What it returns is kept as its result; what it throws is a failed attempt. The signal is aborted where the
 * job is cancelled, is to be handed back, or is no longer this worker's, which was taken for dead.
 */
export type JobHandler = (
  job: TakenJob,
  options: { signal: AbortSignal },
) => Promise<PlainValue | void> | PlainValue | void;

/** What happens to a worker. Only some back ends tell of all of it: build nothing on the number of events. */
export type WorkerEvent =
  | { event: "started" | "done" | "cancelled" | "handed back"; id: string; group: string }
  | { event: "failed"; id: string; group: string; reason: string; again: boolean }
  /** A job whose worker was taken for dead waits again. */
  | { event: "taken over"; id: string }
  /** The queue does not answer, or answers what it should not; the worker goes on. */
  | { event: "trouble"; reason: string };

/** Options of {@linkcode JobQueue.work}. */
export interface WorkOptions {
  /** How many jobs are done at once. @default 1 */
  concurrency?: number;
  /** Hears of what happens. */
  onEvent?: (event: WorkerEvent) => void;
}

/** Options of closing a worker. */
export interface CloseWorkerOptions {
  /** Jobs under way are told to end, and wait for another worker. @default false: they are waited for */
  handBack?: boolean;
}

/** Takes jobs until it is closed. */
export interface QueueWorker extends AsyncDisposable {
  /** Ids of the jobs that it has now. */
  running(): string[];
  /** Takes no more, and waits for the jobs under way. May be called again, to hand them back after all. */
  close(options?: CloseWorkerOptions): Promise<void>;
}

/** Options of {@linkcode JobQueue.list}. */
export interface ListJobsOptions extends SignalOptions {
  /** Only those of this group. @default all */
  group?: string;
}

/** Holds jobs until somebody does them. */
export interface JobQueue extends AsyncDisposable {
  /** `memory`, `redis`, `postgres`, or yours. */
  readonly kind: string;
  /** Where it is, without secrets. */
  readonly location: string;
  /** Adds jobs. One whose id is known, in whatever state, stays as it is. */
  add(jobs: NewJob | readonly NewJob[], options?: SignalOptions): Promise<void>;
  /** What is known of a job; undefined where nothing is. */
  get(id: string, options?: SignalOptions): Promise<QueuedJob | undefined>;
  /** The jobs that the queue knows; those that ended a while ago may be forgotten. */
  list(options?: ListJobsOptions): Promise<QueuedJob[]>;
  /** Ends a job, wherever its worker is: a waiting one is not begun, the handler of a running one hears its signal. */
  cancel(id: string, options?: SignalOptions & { reason?: string }): Promise<void>;
  /** Forgets a job; true if there was one. One that is running is left as it is. */
  remove(id: string, options?: SignalOptions): Promise<boolean>;
  /** Takes jobs and does them. */
  work(handler: JobHandler, options?: WorkOptions): Promise<QueueWorker>;
}

/** Throws `Invalid` for what no queue can keep. */
export function checkNewJob({ id, group, kind, data, ...job }: NewJob): void {
  const { priority = 0, attempts = 1, delayMs = 0, backoffMs = 0 } = job;
  if (typeof id !== "string" || !/^[A-Za-z0-9._-]{1,200}$/.test(id) || /^[0-9]+$/.test(id)) {
    throw invalid(id, "it is no id of a job", "Take 1 to 200 of A-Z a-z 0-9 . _ -, and not only digits.");
  }
  if (typeof group !== "string" || typeof kind !== "string") {
    throw invalid(id, "its group or its kind is no text", "Say what it belongs to, and what is to be done.");
  }
  const problem = plainProblem(data);
  if (problem !== undefined) {
    throw invalid(id, `of its data, ${problem}`, "Data of jobs are what JSON says: texts, finite numbers, lists …");
  }
  const isCount = (value: number, most: number) => Number.isInteger(value) && value >= 0 && value <= most;
  if (!isCount(priority, MOST_PRIORITY)) {
    throw invalid(id, `its priority is ${priority}`, `It is a whole number from 0, the first, to ${MOST_PRIORITY}.`);
  }
  if (!isCount(attempts, Number.MAX_SAFE_INTEGER) || attempts === 0) {
    throw invalid(id, `it is to be tried ${attempts} times`, "It is a whole number, at least 1.");
  }
  if (!isCount(delayMs, MOST_MS) || !isCount(backoffMs, MOST_MS)) {
    throw invalid(id, "its delay is no time", `Times are whole milliseconds, at most ${MOST_MS}.`);
  }
}

/** Throws `Invalid` for a number of jobs at once that is none: a worker with it would take no job, ever. */
export function checkConcurrency(concurrency: number): void {
  if (Number.isSafeInteger(concurrency) && concurrency >= 1) return;
  throw new RegistryError({
    code: "Invalid",
    message: `Cannot take jobs: ${concurrency} of them at once is no number of jobs`,
    hint: "The concurrency of a worker is a whole number, at least 1.",
  });
}

/** What a handler returned, as it is kept; throws `Invalid` for what no queue can keep, which is a failed attempt. */
export function resultOf(id: string, returned: PlainValue | void): PlainValue {
  const result = returned ?? null;
  const problem = plainProblem(result);
  if (problem === undefined) return result;
  throw new RegistryError({
    code: "Invalid",
    message: `Cannot keep the result of job ${JSON.stringify(id)}: ${problem}`,
    hint: "Results are what JSON says: texts, finite numbers, lists …",
  });
}

const MOST_PRIORITY = 2_000_000;
const MOST_MS = 2 ** 31 - 1; // a longer timer fires at once

function invalid(id: string, state: string, hint: string): RegistryError {
  return new RegistryError({ code: "Invalid", message: `Cannot add job ${JSON.stringify(id)}: ${state}`, hint });
}
