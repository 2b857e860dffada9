// How one attempt of a step ended.
import type { ExitCode } from "../../../core/pipelines/operator.ts";
import type { PlainValue } from "../../../core/text/plain_value.ts";

export interface AttemptResult {
  /** 0 to 5. */
  exitCode: ExitCode;
  /** Why it is not 0. */
  error?: unknown;
}

export interface AttemptEnd extends AttemptResult {
  usage?: Record<string, PlainValue>;
}
