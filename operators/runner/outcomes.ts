// Outcomes of steps, from errors and records, and the end of a run that follows from them.
import type { RegistryErrorFields } from "../../registry/mod.ts";
import type { PlainValue } from "../../materializers/mod.ts";
import { isRegistryError, messageOf, type Shard } from "../../core/kernel.ts";
import type { Advice } from "../../core/errors.ts";
import { EXIT_CODES, type ExitCode, type ExitName } from "../contract/operator.ts";
import { exitCodeOf, exitNameOf } from "../exit_codes.ts";
import type { PipelineSecrets } from "./secrets.ts";
import type { FailureRecord, StepRecord } from "./records/files.ts";

interface Kept<Record> {
  record: Record;
  info: { name: string; version: string };
}

export const STOPPED: StepOutcome = {
  end: "cancelled",
  durationMs: 0,
  reason: "the run was stopped",
};

export function isWell({ end }: StepOutcome): boolean {
  return end === "ran" || end === "skipped";
}

export function endOf(steps: Readonly<Record<string, StepOutcome>>): RunEnd {
  const ends = Object.values(steps).map(({ end }) => end);
  if (ends.includes("failed")) return "failed";
  return ends.includes("cancelled") ? "cancelled" : ends.includes("blocked") ? "failed" : "ok";
}

export function outcomeOf(
  { record, info }: Kept<StepRecord>,
): Pick<StepOutcome, "record" | "outputs" | "metrics"> {
  const outputs = Object.fromEntries(
    Object.entries(record.outputs).map(([name, { ref, path, to }]) => [name, ref ?? path ?? to]),
  );
  const { metrics } = record;
  return { record: `${info.name}@${info.version}`, outputs, ...metrics && { metrics } };
}

export function ranOutcome(success: Kept<StepRecord>): StepOutcome {
  const { startedAt, durationMs = 0, attempt } = success.record;
  const ended = { exitCode: EXIT_CODES.ok, exit: "ok" as const };
  const when = { startedAt: validTime(startedAt), durationMs, attempts: attempt };
  return { ...outcomeOf(success), end: "ran", ...when, ...ended };
}

function validTime(text: string | undefined): string | undefined {
  return Number.isNaN(Date.parse(text ?? "")) ? undefined : text;
}

/** @param effect key of the step's effect now */
export function skippedOutcome(success: Kept<StepRecord>, effect?: string): StepOutcome {
  const reason = success.record.effect === effect ? "done already" : "nothing changed";
  return { ...outcomeOf(success), end: "skipped", durationMs: 0, reason };
}

export function failureOutcome({ record, info }: Kept<FailureRecord>): StepOutcome {
  const { startedAt, durationMs = 0, attempt, exitCode, exit, error } = record;
  const { name, version } = info;
  return {
    end: "failed",
    startedAt: validTime(startedAt),
    durationMs,
    exitCode,
    exit,
    attempts: attempt,
    reason: error.message,
    hint: error.hint,
    hintReason: error.reason,
    record: `${name}@${version}`,
  };
}

export function failedOutcome(
  error: unknown,
  { mask }: Pick<PipelineSecrets, "mask">,
): StepOutcome {
  const exitCode = exitCodeOf(error);
  const { reason, hint, hintReason } = masked(describeError(error), mask);
  return {
    end: "failed",
    durationMs: 0,
    exitCode,
    exit: exitNameOf(exitCode),
    attempts: 0,
    reason,
    hint,
    hintReason,
  };
}

interface DescribedError extends Pick<StepOutcome, "hint" | "hintReason"> {
  reason: string;
  code?: string;
}

export function describeError(error: unknown): DescribedError {
  if (!isRegistryError(error)) return { reason: messageOf(error) };
  const { message, code, hint, reason } = error;
  return { reason: message, code, hint, hintReason: reason };
}

/** Returns a described error without the values of secrets. */
export function masked(
  { reason, hint, hintReason, ...others }: DescribedError,
  mask: PipelineSecrets["mask"],
): DescribedError {
  const names = Object.entries(hintReason ?? {}).map(([name, value]) => [name, mask(value)]);
  return {
    ...others,
    reason: mask(reason),
    hint: hint && mask(hint),
    hintReason: hintReason && Object.fromEntries(names) as Advice["reason"],
  };
}

/** The end of a step. */
export type StepEnd = "ran" | "skipped" | "failed" | "blocked" | "cancelled";

/** The end of a run. */
export type RunEnd = "ok" | "failed" | "cancelled";

/** An event of a run. `shard` is set for a step that several processes share. */
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

/** Outcome of a step. */
export interface StepOutcome {
  end: StepEnd;
  /** ISO 8601; absent if it did not start. */
  startedAt?: string;
  /** Duration of all attempts, milliseconds. */
  durationMs: number;
  reason?: string;
  hint?: string;
  /** The reason of the hint, of which interfaces make their own. */
  hintReason?: RegistryErrorFields["reason"];
  exitCode?: ExitCode;
  exit?: ExitName;
  attempts?: number;
  /** Its record: `<pipeline>:step:<step>@2.0.0`, or that of the last failure. */
  record?: string;
  outputs?: Record<string, string>;
  /** Values of the files in `metrics` of its configuration. */
  metrics?: Record<string, PlainValue>;
}

/** Level of a line, or the stream of a command that it came from. */
export type LogLevel = "debug" | "info" | "warn" | "error" | "stdout" | "stderr";
