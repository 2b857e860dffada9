// The contract of a job queue: producers add jobs, workers on any machine take them.
//
// A job may be delivered more than once: if a worker dies, hangs or loses its connection, another
// one gets its jobs. Jobs must be idempotent.
import type { PlainValue } from "../../materializers/mod.ts";
import type { SignalOptions } from "../../registry/mod.ts";

/** A job to add. `Data` is an object type (`type`, not `interface`), an array type or a scalar. */
export interface NewJob<Data extends PlainValue = PlainValue> {
  /** 1 to 200 of `A-Z a-z 0-9 . _ -`, not a number. A known id adds nothing. */
  id: string;
  /** The run it belongs to: `my_pipeline@3`. */
  group: string;
  /** The kind of work, for handlers with several: `step`. */
  kind: string;
  /** Input of the handler. Never secrets. */
  data: Data;
  /** Delay before it may start, milliseconds. @default 0 */
  delayMs?: number;
  /** 0 to 2,000,000; the lowest starts first, equal ones in order. @default 0 */
  priority?: number;
  /** Number of tries if the handler throws. Restarts after a lost worker do not count. @default 1 */
  attempts?: number;
  /** Delay before the second try, doubled for each further one, milliseconds. @default 1000 */
  backoffMs?: number;
}

/** The state of a job in its queue. */
export type JobState = "waiting" | "delayed" | "running" | "done" | "failed" | "cancelled";

/** A job in its queue. */
export interface QueuedJob extends Pick<NewJob, "id" | "group" | "kind" | "data"> {
  /** A cancelled job stays `running` until its worker has ended it. */
  state: JobState;
  /** Maximum number of tries. */
  attempts: number;
  /** Finished tries. Jobs that were handed back or taken over do not count. */
  attemptsMade: number;
  /** Number of times its worker was lost. The third since the last retry fails it. @default 0 */
  takenOver?: number;
  addedAt: Date;
  /** Last start. */
  startedAt?: Date;
  /** Success or final failure. */
  endedAt?: Date;
  /** Last progress that its handler reported. */
  progress?: PlainValue;
  result?: PlainValue;
  /** Reason of a failure or cancellation, or of missing details if the job is damaged. */
  reason?: string;
}

/** A job that a worker has taken. */
export type TakenJob<Data extends PlainValue = PlainValue> = Pick<
  NewJob<Data>,
  "id" | "group" | "kind" | "data"
>;

/** Executes a job. The return value is stored as its result; an error is a failed try. */
export type JobHandler<Data extends PlainValue = PlainValue> = (
  job: TakenJob<Data>,
  options: {
    /** Aborted if the job is cancelled, handed back, or taken over by another worker. */
    signal: AbortSignal;
    /** Stores the progress with the job. Throws `Invalid` for anything but plain data. */
    onProgress(progress: PlainValue): void;
  },
) => Promise<PlainValue | void> | PlainValue | void;

/** An event of a worker. Some backends report only a part: do not count them. */
export type WorkerEvent =
  | { event: "started" | "done" | "cancelled" | "handed back"; id: string; group: string }
  | { event: "failed"; id: string; group: string; reason: string; again: boolean }
  | { event: "taken over"; id: string }
  /** The queue does not answer, or answers with invalid data; the worker continues. */
  | { event: "trouble"; reason: string };

/** Options of {@linkcode JobQueue.work}. */
export interface WorkOptions {
  /** Number of concurrent jobs. @default 1 */
  concurrency?: number;
  /** Shared by all workers of the queue: pass the same to each. @default unlimited */
  rateLimit?: RateLimit;
  onEvent?: (event: WorkerEvent) => void;
}

/** Maximum rate of starting jobs: `max` jobs in `perMs` milliseconds, both at least 1. */
export interface RateLimit {
  max: number;
  perMs: number;
}

/** A worker that takes jobs until it is closed. */
export interface QueueWorker extends AsyncDisposable {
  running(): string[];
  /**
   * Takes no more jobs and waits for the running ones. You can call it again with `handBack`. If
   * the server of the queue is away, it returns ten seconds after the last job: another worker takes
   * a job again whose end the server does not know.
   */
  close(options?: {
    /** Ends running jobs and returns them to the queue. @default false: waits for them */
    handBack?: boolean;
  }): Promise<void>;
}

/** Options of {@linkcode JobQueue.list}. */
export interface ListJobsOptions extends SignalOptions {
  /** @default all */
  group?: string;
  /** Only jobs in this state; `failed` jobs have no tries left. @default all */
  state?: JobState;
  /** Only jobs after this id; `NotFound` if it is no longer listed. */
  after?: string;
  /** @default all */
  limit?: number;
}

/** Options of {@linkcode JobQueue.watch}. */
export interface WatchJobOptions extends SignalOptions {
  /** Id of the last received event. @default the current state comes first */
  after?: string;
}

/** A change of a job. */
export interface JobEvent {
  /** Id of the event, for `after`. */
  id: string;
  job: QueuedJob;
}

/** Jobs to add repeatedly. */
export interface NewSchedule {
  /** An id like those of jobs. A schedule with the same id is replaced. */
  id: string;
  /** Five fields (minute hour day month weekday) or six (seconds first). Excludes `everyMs`. */
  cron?: string;
  /** Time zone of `cron`: `Europe/Berlin`. @default "UTC" */
  timeZone?: string;
  /** Interval, milliseconds. The first job is added at once. */
  everyMs?: number;
  /** The job to add. Its id starts with `repeat:` and the id of the schedule. */
  job: Omit<NewJob, "id" | "delayMs">;
}

/** A schedule in its queue. */
export interface JobSchedule extends Omit<NewSchedule, "job"> {
  group: string;
  kind: string;
  nextAt: Date;
}

/** A queue of jobs. */
export interface JobQueue extends AsyncDisposable {
  /** `memory`, `redis`, `postgres`, or your own. */
  readonly kind: string;
  /** A URL without secrets. */
  readonly location: string;
  /** Adds jobs. A job whose id exists stays as it is, in any state. */
  add<Data extends PlainValue = PlainValue>(
    jobs: NoInfer<NewJob<Data> | readonly NewJob<Data>[]>,
    options?: SignalOptions,
  ): Promise<void>;
  /** Returns a job, or undefined for an unknown id. */
  get(id: string, options?: SignalOptions): Promise<QueuedJob | undefined>;
  /** Lists jobs. Ended jobs may be forgotten; jobs that change meanwhile may be missing. */
  list(options?: ListJobsOptions): Promise<QueuedJob[]>;
  /** Yields the job and its changes until it ends; states may be skipped. */
  watch(id: string, options?: WatchJobOptions): AsyncIterable<JobEvent>;
  /** Ends a job: a waiting one never starts, and the signal of a running one is aborted. */
  cancel(id: string, options?: SignalOptions & { reason?: string }): Promise<void>;
  /** Lets a failed or cancelled job run again with all its tries; false if there is none. */
  retry(id: string, options?: SignalOptions): Promise<boolean>;
  /** Removes a job; false if it runs or is unknown. `Conflict` if a schedule will add it. */
  remove(id: string, options?: SignalOptions): Promise<boolean>;
  /** Adds jobs repeatedly. The next one is queued when the one before starts, so only one waits. */
  schedule(schedule: NewSchedule, options?: SignalOptions): Promise<void>;
  /** Ends a schedule; its next job never starts. False if there is no such schedule. */
  unschedule(id: string, options?: SignalOptions): Promise<boolean>;
  schedules(options?: SignalOptions): Promise<JobSchedule[]>;
  /** Runs jobs. `Data` is a claim about those in the queue: their data is not checked. */
  work<Data extends PlainValue>(
    handler: JobHandler<Data>,
    options?: WorkOptions,
  ): Promise<QueueWorker>;
  /** Closes the queue and its workers, as `await using` does. Jobs stay. */
  close(): Promise<void>;
}
