// What the thread of an operator and its caller ask of each other.
import type { Logger } from "../../core/registry.ts";
import type { ExitCode } from "../../core/pipelines/operator.ts";
import type { OperatorJob } from "../../core/pipelines/operator_job.ts";
import type { JobUsage } from "../../core/executor.ts";
import type { WireError } from "../../core/wire_error.ts";

/** An operator to run. */
export interface RunOperatorRequest {
  /** The module whose `operators` it is one of: the caller says so, never what is stored. */
  module: string;
  /** The job. */
  job: OperatorJob;
  /** How often it tells what it uses, milliseconds. */
  sampleEveryMs: number;
}

/** How it ended. */
export interface RunOperatorReply {
  exitCode: ExitCode;
  error?: WireError;
  /** What it has used. */
  usage: JobUsage;
}

/** What the thread does for its caller. */
export type OperatorMethods = {
  run(request: RunOperatorRequest, signal: AbortSignal): Promise<RunOperatorReply>;
};

/** What the caller does for the thread. */
export type OperatorCallerMethods = {
  /** Takes a line for the log. */
  log(request: { level: keyof Logger; text: string }): void;
  /** Hears what it uses. */
  usage(usage: JobUsage): void;
  /** Hears that its heap is full: what ran then is gone, and nobody else may tell. */
  heapIsFull(request: undefined): void;
};
