// How steps ended, as errors and records tell it, and what that means for those after them, and for
// their run.
import { hintFor, isRegistryError, messageOf } from "../../core/errors.ts";
import { EXIT_CODES } from "../contract/operator.ts";
import { exitCodeOf, exitNameOf } from "../exit_codes.ts";
import type { RunEnd, StepOutcome } from "./events.ts";
import type { PipelineSecrets } from "./secrets.ts";
import type { FailureRecord, StepRecord } from "./records/step_record.ts";

interface Kept<Record> {
  record: Record;
  info: { name: string; version: string };
}

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
): Pick<StepOutcome, "record" | "outputs"> {
  const outputs = Object.entries(record.outputs).map((
    [name, { ref, path, to }],
  ) => [name, ref ?? path ?? to]);
  return { record: `${info.name}@${info.version}`, outputs: Object.fromEntries(outputs) };
}

export function ranOutcome(success: Kept<StepRecord>): StepOutcome {
  const { durationMs, attempt } = success.record;
  return {
    ...outcomeOf(success),
    end: "ran",
    durationMs,
    attempts: attempt,
    exitCode: EXIT_CODES.ok,
    exit: "ok",
  };
}

/** @param effect what the step would do now */
export function skippedOutcome(success: Kept<StepRecord>, effect?: string): StepOutcome {
  const reason = success.record.effect === effect ? "done already" : "nothing changed";
  return { ...outcomeOf(success), end: "skipped", durationMs: 0, reason };
}

export function failureOutcome({ record, info }: Kept<FailureRecord>): StepOutcome {
  const { durationMs, attempt, exitCode, exit, error: { message, hint } } = record;
  const facts = { durationMs, exitCode, exit, attempts: attempt, reason: message };
  return {
    end: "failed",
    ...facts,
    ...(hint === undefined ? {} : { hint }),
    record: `${info.name}@${info.version}`,
  };
}

export function failedOutcome(
  error: unknown,
  { mask }: Pick<PipelineSecrets, "mask">,
): StepOutcome {
  const exitCode = exitCodeOf(error);
  const { reason, hint } = told(error);
  const why = { reason: mask(reason), ...(hint === undefined ? {} : { hint: mask(hint) }) };
  return {
    end: "failed",
    durationMs: 0,
    exitCode,
    exit: exitNameOf(exitCode),
    attempts: 0,
    ...why,
  };
}

export function told(error: unknown): { reason: string; hint?: string; code?: string } {
  if (!isRegistryError(error)) return { reason: messageOf(error) };
  const { message, code } = error;
  const hint = hintFor(error, "cli"); // the commands of pipelines are those of the command line
  return { reason: message, code, ...(hint === undefined ? {} : { hint }) };
}
