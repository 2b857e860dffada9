// What a run says while it goes on.
import type { ExitCode, ExitName } from "../contract/operator.ts";
import type { Shard } from "../../core/work/shards.ts";

/** How a step of a run ended. */
export type StepEnd = "ran" | "skipped" | "failed" | "blocked" | "cancelled";

/** How a run ended. */
export type RunEnd = "ok" | "failed" | "cancelled";

/** Something that happened in a run. Of a step that several processes share it is told of which `shard`. */
export type RunEvent =
  | { type: "run started"; run: string; steps: number }
  | { type: "step started"; step: string; shard?: Shard; attempt: number; folder: string }
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

/** What became of a step. */
export interface StepOutcome {
  end: StepEnd;
  /** How long it took, all attempts together, milliseconds. */
  durationMs: number;
  reason?: string;
  hint?: string;
  exitCode?: ExitCode;
  exit?: ExitName;
  attempts?: number;
  /** Its record: `<pipeline>:step:<step>@2.0.0`, or that of its last failure. */
  record?: string;
  outputs?: Record<string, string>;
}

/** Where a line of a log is from. */
export type LogLevel = "debug" | "info" | "warn" | "error" | "stdout" | "stderr";
