// What the thread of an operator and its caller ask of each other.
import type { Logger } from "../../core/registry.ts";
import type { ExitCode, OperatorJob } from "../../operators/contract/operator.ts";
import type { JobUsage } from "../../core/executor.ts";
import type { WireError } from "../wire_error.ts";

export interface RunOperatorRequest {
  /** The module whose `operators` it is one of: the caller says so, never what is stored. */
  module: string;
  job: OperatorJob;
  sampleEveryMs: number;
}

export interface RunOperatorReply {
  exitCode: ExitCode;
  error?: WireError;
  usage: JobUsage;
}

export type OperatorMethods = {
  run(request: RunOperatorRequest, signal: AbortSignal): Promise<RunOperatorReply>;
};

export type OperatorCallerMethods = {
  log(request: { level: keyof Logger; text: string }): void;
  usage(usage: JobUsage): void;
  heapIsFull(request: undefined): void;
};
