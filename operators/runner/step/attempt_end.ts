// How one attempt of a step ended.
import type { ExitCode } from "../../../core/pipelines/operator.ts";
import type { PlainValue } from "../../../core/text/plain_value.ts";

/** How the operator of a step ended. */
export interface AttemptResult {
  /** 0 to 5. */
  exitCode: ExitCode;
  /** Why it is not 0. */
  error?: unknown;
}

/** How an attempt ended. */
export interface AttemptEnd extends AttemptResult {
  /** What it took of the machine. */
  usage?: Record<string, PlainValue>;
}
