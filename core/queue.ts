// The contract of a queue of jobs: somebody adds them, workers on any machine take them.
//
// A job may be delivered more than once: a worker that died, hung or lost its connection is taken
// for dead, and another one gets its job. So what a job does must be the same however often it is
// done.
import type { SignalOptions } from "./registry.ts";
import type { PlainValue } from "./text/plain_value.ts";

/** A job to be done. */
export interface NewJob {
  /**
   * Identifies it: 1 to 200 of `A-Z a-z 0-9 . _ -`, not only digits, and no word that Redis' queues have for
   * themselves, as `delayed`. An id that the queue knows is the same job: it is what makes adding it twice do no harm.
   */
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
  /** How often it may be tried. */
  attempts: number;
  /** How often it was: how often its handler came to an end. What was handed back, or taken over, does not count. */
  attemptsMade: number;
  /** How often another worker restarted it because its worker seemed dead. @default 0 */
  takenOver?: number;
  addedAt: Date;
  /** When it was begun, the last time; absent where it never was. */
  startedAt?: Date;
  /** When it was done, or failed for the last time; absent where it has not. */
  endedAt?: Date;
  /** How far it is, as its handler said last. */
  progress?: PlainValue;
  result?: PlainValue;
  /** Why it failed, or was cancelled; or, of one that is damaged, why no more is known of it. */
  reason?: string;
}

/** A job in the hands of a worker. */
export type TakenJob = Pick<NewJob, "id" | "group" | "kind" | "data">;

/** What a handler is given beside its job. */
export interface JobHandlerOptions {
  /** Aborted where the job is cancelled, is to be handed back, or is no longer this worker's, which was taken for dead. */
  signal: AbortSignal;
  /** Says how far it is, in plain data: the last one is kept with the job. Throws `Invalid` for other data. */
  onProgress(progress: PlainValue): void;
}

/** Does a job. What it returns is kept as its result; what it throws is a failed attempt. */
export type JobHandler = (
  job: TakenJob,
  options: JobHandlerOptions,
) => Promise<PlainValue | void> | PlainValue | void;

/** What happens to a worker. Only some back ends tell of all of it: build nothing on the number of events. */
export type WorkerEvent =
  | { event: "started" | "done" | "cancelled" | "handed back"; id: string; group: string }
  | { event: "failed"; id: string; group: string; reason: string; again: boolean }
  | { event: "taken over"; id: string }
  /** The queue does not answer, or answers what it should not; the worker goes on. */
  | { event: "trouble"; reason: string };

/** Options of {@linkcode JobQueue.work}. */
export interface WorkOptions {
  /** How many jobs are done at once. @default 1 */
  concurrency?: number;
  /** How many are begun, at most, by all workers of the queue together: give each of them the same. @default any number */
  rateLimit?: RateLimit;
  onEvent?: (event: WorkerEvent) => void;
}

/** A bound of how many jobs are begun. */
export interface RateLimit {
  /** So many, at least 1. */
  max: number;
  /** In so many milliseconds, at least 1. */
  perMs: number;
}

/** Options of closing a worker. */
export interface CloseWorkerOptions {
  /** Jobs under way are told to end, and wait for another worker. @default false: they are waited for */
  handBack?: boolean;
}

/** Takes jobs until it is closed. */
export interface QueueWorker extends AsyncDisposable {
  running(): string[];
  /** Takes no more, and waits for the jobs under way. May be called again, to hand them back after all. */
  close(options?: CloseWorkerOptions): Promise<void>;
}

/** Options of {@linkcode JobQueue.list}. */
export interface ListJobsOptions extends SignalOptions {
  /** Only those of this group. @default all */
  group?: string;
  /** Only those that are there: `failed` are those that nobody will try again. @default all */
  state?: JobState;
  /** Only those that come after this job in the listing; `NotFound` where it is not in it any more. */
  after?: string;
  /** At most so many. @default all */
  limit?: number;
}

/** Options of {@linkcode JobQueue.watch}. */
export interface WatchJobOptions extends SignalOptions {
  /** The id of the event that was heard last: the next is a later one. @default what is known now comes first */
  after?: string;
}

/** What became of a job. */
export interface JobEvent {
  /** Tells it from the one before; for `after`. */
  id: string;
  /** The job, as it was then. */
  job: QueuedJob;
}

/** Jobs that are added again and again. */
export interface NewSchedule {
  /** Identifies it, as ids of jobs do. One that is there is replaced. */
  id: string;
  /** When: five fields, minute hour day month weekday, or six, which begin with seconds. Either this or `everyMs`. */
  cron?: string;
  /** The time zone of `cron`, as in `Europe/Berlin`. @default "UTC" */
  timeZone?: string;
  /** At once, and every so many milliseconds from then on. */
  everyMs?: number;
  /** What is added. The queue gives each its id, which begins with `repeat:` and that of the schedule. */
  job: Omit<NewJob, "id" | "delayMs">;
}

/** A schedule, as its queue knows it. */
export interface JobSchedule extends Omit<NewSchedule, "job"> {
  group: string;
  kind: string;
  nextAt: Date;
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
  /**
   * The jobs that the queue knows; those that ended a while ago may be forgotten. Of jobs that move on while they are
   * listed, some may be missing.
   */
  list(options?: ListJobsOptions): Promise<QueuedJob[]>;
  /**
   * Says what is known of a job, and again whenever that is something else, until it has ended, or is forgotten. What
   * was followed by something else between two looks is not said. Nothing for an unknown id.
   */
  watch(id: string, options?: WatchJobOptions): AsyncIterable<JobEvent>;
  /** Ends a job, wherever its worker is: a waiting one is not begun, the handler of a running one hears its signal. */
  cancel(id: string, options?: SignalOptions & { reason?: string }): Promise<void>;
  /** Lets a job that failed, or was cancelled, wait again, with all its attempts; true if there was such a one. */
  retry(id: string, options?: SignalOptions): Promise<boolean>;
  /**
   * Forgets a job; true if there was one. One that is running is left as it is.
   *
   * @throws {RegistryError} `Conflict` for one that is to come by a schedule; servers may keep others of it too
   */
  remove(id: string, options?: SignalOptions): Promise<boolean>;
  /**
   * Adds jobs again and again. The next is there, delayed, as soon as the one before was begun: where nobody takes jobs
   * for a while, only one waits.
   */
  schedule(schedule: NewSchedule, options?: SignalOptions): Promise<void>;
  /** Adds no more of them, and forgets the one that is to come; true if there was such a schedule. */
  unschedule(id: string, options?: SignalOptions): Promise<boolean>;
  schedules(options?: SignalOptions): Promise<JobSchedule[]>;
  work(handler: JobHandler, options?: WorkOptions): Promise<QueueWorker>;
}
