// Runs of pipelines, as the service and the command line report them.
import { mapAtOnce } from "../../core/kernel.ts";
import type { Registry } from "../../mod.ts";
import type { SignalOptions } from "../../registry/mod.ts";
import type {
  ListedRun,
  PlannedStep,
  RunEnd,
  RunResult,
  StepEnd,
  StepOutcome,
} from "../runner/mod.ts";

const ENDS: readonly StepEnd[] = ["ran", "skipped", "failed", "blocked", "cancelled"];

/** Counts the steps of each outcome, without zeros. */
export function countedEnds({ steps }: RunResult): Partial<Record<StepEnd, number>> {
  const outcomes = Object.values(steps);
  const counts = ENDS.map((end) =>
    [end, outcomes.filter((outcome) => outcome.end === end).length] as const
  );
  return Object.fromEntries(counts.filter(([, count]) => count > 0));
}

/** A listed run. It is `unknown` without a result: running or killed; `unreadable` with another. */
export interface KnownRun {
  /** For example `my_pipeline@3`. */
  run: string;
  end: RunEnd | "unknown" | "unreadable";
  plannedAt: Date;
  steps: number;
  /** Milliseconds. */
  durationMs?: number;
  counts?: Partial<Record<StepEnd, number>>;
}

export function knownRun({ run, plannedAt, steps, result, error }: ListedRun): KnownRun {
  if (error !== undefined) return { run, end: "unreadable", plannedAt, steps };
  if (result === undefined) return { run, end: "unknown", plannedAt, steps };
  const { end, durationMs } = result;
  return { run, end, plannedAt, steps, durationMs, counts: countedEnds(result) };
}

interface KnownStep extends Omit<StepOutcome, "end"> {
  run: string;
  step: string;
  why: string[];
  end: StepEnd | "unknown";
  /** Absent without any. */
  params?: Readonly<Record<string, unknown>>;
}

export async function* knownSteps(
  registry: Registry,
  { run, result }: { run: string; result: RunResult | undefined },
  { signal }: SignalOptions = {},
): AsyncGenerator<KnownStep> {
  const { readRun } = await import("../runner/records/run_record.ts");
  const { paramsOfRun } = await import("../runner/records/run_params.ts");
  const [plan, allParams] = await Promise.all([
    readRun(registry, run, { signal }),
    paramsOfRun(registry, run, { signal }),
  ]);
  yield* mapAtOnce(plan.steps, async (step) => {
    const outcome = result?.steps[step.step] ??
      await outcomeSoFar(registry, { run, step }, { signal });
    const params = allParams.get(step.step) ?? {};
    const own = Object.keys(params).length > 0 ? { params } : {};
    return { run, step: step.step, why: step.reasons, ...outcome, ...own };
  });
}

async function outcomeSoFar(
  registry: Registry,
  { run, step: { step, decision } }: { run: string; step: PlannedStep },
  { signal }: SignalOptions,
): Promise<Omit<StepOutcome, "end"> & { end: StepEnd | "unknown" }> {
  if (decision === "skip") return { end: "skipped", durationMs: 0, reason: "nothing changed" };
  const { attemptsOf } = await import("../runner/records/failures.ts");
  const attempts = await attemptsOf(registry, { run, step }, { signal });
  const last = attempts.at(-1);
  if (last === undefined) return { end: "unknown", durationMs: 0 };
  return { ...last.outcome, attempts: attempts.length };
}
