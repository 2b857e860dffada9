// Events of a run.
import type { ExitCode, ExitName } from "../contract/operator.ts";
import type { Shard } from "../../core/work/shards.ts";

export type StepEnd = "ran" | "skipped" | "failed" | "blocked" | "cancelled";

export type RunEnd = "ok" | "failed" | "cancelled";

/** An event of a run. `shard` is set for a step that several processes share. */
  | { type: "log"; step: string; shard?: Shard; level: LogLevel; line: string }
  | {
    type: "step retried";
    step: string;
    shard?: Shard;
    attempt: number;
    exit: ExitName;
    inMs: number;
    message: string;
  }
  | { type: "shard ended"; step: string; shard: Shard } & StepOutcome
  | { type: "step ended"; step: string } & StepOutcome
  | { type: "run ended"; run: string; end: RunEnd; durationMs: number };

/** Outcome of a step. */
export interface StepOutcome {
  end: StepEnd;
  /** Duration of all attempts, milliseconds. */
  durationMs: number;
  reason?: string;
  hint?: string;
  exitCode?: ExitCode;
  exit?: ExitName;
  attempts?: number;
  /** Its record: `<pipeline>:step:<step>@2.0.0`, or that of the last failure. */
  record?: string;
  outputs?: Record<string, string>;
}

/** Level of a line, or the stream of a command that it came from. */
export type LogLevel = "debug" | "info" | "warn" | "error" | "stdout" | "stderr";
