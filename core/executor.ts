// The contract of an executor: it runs jobs on this thread or on others.
//
// A job is plain data and needs only a store. It has no effect until its caller commits the result,
// so a job whose thread was lost is simply run again.
/** The kinds of jobs of an executor, by name. */
// deno-lint-ignore no-explicit-any -- each kind has its own types
type JobKinds = Record<string, { job: any; result: any }>;

export interface JobProgress {
  path: string;
  /** Bytes moved since the last report; 0 for a sign of life. */
  bytes: number;
}

export interface JobOptions {
  signal?: AbortSignal;
  /** An error of this callback ends the job. Jobs that store on this thread await it. */
  onProgress?: (progress: JobProgress) => void | Promise<void>;
}

/** Options of running a job. */
export interface RunOptions<J> extends JobOptions {
  /**
   * Returns the job to run if a thread was lost, which must write elsewhere. @default the same job
   */
  again?: () => J;
}

/** Runs jobs in this process or on its threads. */
export interface Executor<K extends JobKinds> {
  /** Runs a job. Returns its result or throws its error. */
  run<N extends keyof K & string>(
    kind: N,
    job: K[N]["job"],
    options?: RunOptions<K[N]["job"]>,
  ): Promise<K[N]["result"]>;
}
