// The calls between the thread of an operator and its caller.
import type { Logger } from "../../core/registry.ts";
import type { ExitCode, OperatorJob } from "../../operators/contract/operator.ts";
import type { JobUsage } from "../../core/executor.ts";
import type { WireError } from "../wire_error.ts";

export interface RunOperatorRequest {
  /** The module that exports the operators. It comes from the caller, never from the store. */
  module: string;
  job: OperatorJob;
  sampleEveryMs: number;
}

export type OperatorMethods = {
  run(request: RunOperatorRequest, signal: AbortSignal): Promise<{
    exitCode: ExitCode;
    error?: WireError;
    usage: JobUsage;
  }>;
};

export type OperatorCallerMethods = {
  log(request: { level: keyof Logger; text: string }): void;
  usage(usage: JobUsage): void;
  heapIsFull(request: undefined): void;
};
