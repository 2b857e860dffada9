// Running an operator as a job of an executor: on a thread of its own, for one.
import type { ExitCode, OperatorContext } from "./operator.ts";

/** An operator to run, as plain data. What its code is, the executor knows from whoever made it. */
export interface OperatorJob {
  key: string;
  /** What it works with. Its parameters are those of the configuration: the schema is asked where it runs. */
  context: Omit<OperatorContext<unknown>, "logger" | "registry" | "signal">;
  /** It is ended where it is seen to hold more memory, bytes. @default no limit */
  maxBytes?: number;
}

/** How it ended. */
export interface OperatorJobEnd {
  /** 0 to 5. */
  exitCode: ExitCode;
  /** Why it is not 0. */
  error?: unknown;
}

/** What an executor of operators runs. A cancellation throws its reason; a thread that was lost is an error. */
export type OperatorJobs = { operator: { job: OperatorJob; result: OperatorJobEnd } };
