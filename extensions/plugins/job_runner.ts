// Job runners: they run the rest of a task later, here or in another process.
import type { PlainValue } from "../../materializers/mod.ts";
import { defineInterface, type Interface } from "./interface.ts";

/**
 * The rest of a task: behaviors and its function. Another process that defines the task can run it.
 */
export interface ScheduledCall {
  /** The defined name of the task, or the function name of a closure. */
  task: string;
  /** Remaining behaviors from the outside in; without settings for runners in this process. */
  behaviors: {
    name: string;
    /** Its configuration. Never secrets. */
    config: PlainValue;
  }[];
  /**
   * The input, in which bytes and large values are references that `runCall` resolves. Null for
   * runners in this process.
   */
  input: PlainValue;
}

/** Options of running a scheduled call. */
export interface RunCallOptions {
  jobId?: string;
  signal?: AbortSignal;
  onProgress?: (progress: PlainValue) => void | Promise<void>;
}

/** Options of {@linkcode JobRunner.schedule}. */
export interface ScheduleOptions {
  /** Runs the rest of the task in this process. May be called again after a failure. */
  run(options?: RunCallOptions): Promise<unknown>;
  /**
   * The id of the job, 1 to 200 of `A-Z a-z 0-9 . _ -`. A known job is not added again.
   *
   * @default new
   */
  idempotencyKey?: string;
  /** Milliseconds before the job may start. @default 0 */
  delayMs?: number;
  /** Lower values start first. @default 0 */
  priority?: number;
  /** Maximum number of attempts. @default 1 */
  attempts?: number;
  /** Milliseconds before the second attempt. @default that of the runner */
  backoffMs?: number;
  /** Aborts the scheduling, not the job. */
  signal?: AbortSignal;
}

/** A runner that runs the rest of a task later. */
export interface JobRunner {
  /** True if it sends `call` elsewhere instead of calling `run` in this process. */
  readonly crossesProcess: boolean;
  /** Accepts a call and returns the id of the job at once. */
  schedule(call: ScheduledCall, options: ScheduleOptions): Promise<string>;
}
/** Interface of job runners. */
export const JobRunner: Interface<JobRunner> = defineInterface<JobRunner>("job_runner", {
  methods: ["schedule"],
});

/** A runner of calls from another process: a plugin set that defines the same tasks. */
export interface CallRunner {
  /**
   * Runs a call and returns its encoded result; a large one is saved in the registry and
   * referenced.
   *
   * @throws {RegistryError} `NotFound` for an unknown task or behavior; any error of the function
   */
  runCall(call: ScheduledCall, options?: RunCallOptions): Promise<PlainValue>;
}
