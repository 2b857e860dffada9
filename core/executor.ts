// The contract of an executor: it runs jobs, on this thread or on others.
//
// A job is plain data and needs nothing but a store: what is decided about an operation stays with
// its caller, and no job has an effect that counts before the caller says so. So a job whose thread
// was lost is simply run again.
/** The kinds of jobs of an executor, by name: what each is given, and what it gives. */
// deno-lint-ignore no-explicit-any -- each kind says its own
export type JobKinds = Record<string, { job: any; result: any }>;

/** How far a job is. */
export interface JobProgress {
  path: string;
  /** Bytes moved since it was last told; 0 where it only says that it is under way. */
  bytes: number;
}

/** What a job takes of the machine. */
export interface JobUsage {
  bytes: number;
  cpuSeconds: number;
}

/** What a job hears and says while it runs. */
export interface JobOptions {
  signal?: AbortSignal;
  /** Hears how far it is. What it fails with ends the job; on this thread a job that stores waits for what it returns. */
  onProgress?: (progress: JobProgress) => void | Promise<void>;
  onLog?: (level: "debug" | "info" | "warn" | "error", text: string) => void;
  /** Hears from time to time what it takes of the machine, where that can be told. */
  onUsage?: (usage: JobUsage) => void;
}

/** How a job is run. */
export interface RunOptions<J> extends JobOptions {
  /**
   * What to run instead where the thread that ran it was lost: what that one sent may still arrive, so it must not be
   * where this one writes.
   *
   * @default the same job
   */
  again?: () => J;
}

/** Runs jobs. */
export interface Executor<K extends JobKinds> {
  /** Runs a job and returns what it gives, or throws what it throws. */
  run<N extends keyof K & string>(
    kind: N,
    job: K[N]["job"],
    options?: RunOptions<K[N]["job"]>,
  ): Promise<K[N]["result"]>;
}

/** What a thread can run: a function for each kind of job. */
export type JobHandlers<K extends JobKinds> = {
  [N in keyof K]: (job: K[N]["job"], options: JobOptions) => Promise<K[N]["result"]>;
};

/** An executor that runs every job on this thread, as soon as it comes. Its callers bound how many they have at once. */
export function createExecutor<K extends JobKinds>(handlers: JobHandlers<K>): Executor<K> {
  return { run: (kind, job, options = {}) => handlers[kind](job, options) };
}
