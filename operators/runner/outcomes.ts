// How steps ended, as errors and records tell it, and what that means for those after them, and for
// their run.
import { isRegistryError, messageOf } from "../../core/errors.ts";
import { EXIT_CODES } from "../../core/pipelines/operator.ts";
import { exitCodeOf, exitNameOf } from "../exit_codes.ts";
import type { RunEnd, StepOutcome } from "./events.ts";
import type { PipelineSecrets } from "./secrets.ts";
import type { FailureRecord, StepRecord } from "./records/step_record.ts";

/** A record, and which version it is. */
interface Kept<Record> {
  record: Record;
  info: { name: string; version: string };
}

/** Whether what depends on the step may run. */
export function isWell({ end }: StepOutcome): boolean {
  return end === "ran" || end === "skipped";
}

/** How a run ended whose steps ended like this. */
export function endOf(steps: Readonly<Record<string, StepOutcome>>): RunEnd {
  const ends = Object.values(steps).map(({ end }) => end);
  if (ends.includes("failed")) return "failed";
  return ends.includes("cancelled") ? "cancelled" : ends.includes("blocked") ? "failed" : "ok";
}

/** What is told of a success, however the step came to it. */
export function outcomeOf(
  { record, info }: Kept<StepRecord>,
): Pick<StepOutcome, "record" | "outputs"> {
  const outputs = Object.entries(record.outputs).map((
    [name, { ref, path, to }],
  ) => [name, ref ?? path ?? to]);
  return { record: `${info.name}@${info.version}`, outputs: Object.fromEntries(outputs) };
}

/** The outcome of a step that ran, by its success. */
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

/** The outcome of a step that nothing has changed for. */
export function skippedOutcome(success: Kept<StepRecord>): StepOutcome {
  return { ...outcomeOf(success), end: "skipped", durationMs: 0, reason: "nothing changed" };
}

/** The outcome of a step that failed, by its last failure. */
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

/** The outcome of a step that could not be begun. */
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

/** What an error says. */
export function told(error: unknown): { reason: string; hint?: string; code?: string } {
  if (!isRegistryError(error)) return { reason: messageOf(error) };
  const { message, hint, code } = error;
  return { reason: message, code, ...(hint === undefined ? {} : { hint }) };
}
