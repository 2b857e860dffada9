// The contract of a job runner: what lets the remainder of a task run later, here or in another
// process.
import type { PlainValue } from "../core/text/plain_value.ts";

/** A behavior of a chain, as it travels. */
export interface ScheduledBehavior {
  name: string;
  /** Its configuration. Never secrets. */
  config: PlainValue;
}

/** What remains of a task: behaviors, and then its function. Another process that knows the task can run it. */
export interface ScheduledCall {
  /** The name that the task was defined under; of a closure the name of the function. */
  task: string;
  /** What stands around the function still, from the outside in; without settings for runners that stay in this process. */
  behaviors: ScheduledBehavior[];
  /**
   * What the remainder is called with. Bytes and large values are references in it, which `runCall` resolves. Null for
   * runners that stay in this process, whose input may be anything: `run` has it.
   */
  input: PlainValue;
}

/** Options of running what remains of a task. */
export interface RunCallOptions {
  jobId?: string;
  signal?: AbortSignal;
  onProgress?: (progress: PlainValue) => void | Promise<void>;
}

/** Options of {@linkcode JobRunner.schedule}. */
export interface ScheduleOptions {
  /** Runs the remainder here and now: for runners that stay in this process. May be called again after a failure. */
  run(options?: RunCallOptions): Promise<unknown>;
  /** The id of the job, 1 to 200 of `A-Z a-z 0-9 . _ -`. A job that is known under it is not added again. @default a new one */
  idempotencyKey?: string;
  /** It is not begun for so many milliseconds. @default 0 */
  delayMs?: number;
  /** The lowest is begun first. @default 0 */
  priority?: number;
  /** How often it is tried. @default 1 */
  attempts?: number;
  /** How long is waited before the second time, milliseconds. @default as the runner has it */
  backoffMs?: number;
  /** Ends the scheduling, not what was scheduled. */
  signal?: AbortSignal;
}

/** Lets what remains of a task run later. */
export interface JobRunner {
  /** Whether it sends `call` elsewhere, instead of calling `run` in this process. */
  readonly crossesProcess: boolean;
  /** Takes it, and returns the id of the job at once. */
  schedule(call: ScheduledCall, options: ScheduleOptions): Promise<string>;
}

/** What runs calls that another process scheduled: a set of plugins in which the same tasks are defined. */
export interface CallRunner {
  /**
   * Runs it and gives the result as it travels: a large one was saved in the registry, and this is a reference to it.
   *
   * @throws {RegistryError} `NotFound` for a task or a behavior that is not known here; what the function throws
   */
  runCall(call: ScheduledCall, options?: RunCallOptions): Promise<PlainValue>;
}
