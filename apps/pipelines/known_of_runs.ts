// What the records of a registry say of runs, for people and programs.
import type { Registry, SignalOptions } from "../../mod.ts";
import type {
  ListedRun,
  PlannedStep,
  RunEnd,
  RunResult,
  StepEnd,
  StepOutcome,
} from "../../operators/runner/mod.ts";

/** In the order in which they are told. */
const ENDS: readonly StepEnd[] = ["ran", "skipped", "failed", "blocked", "cancelled"];

/** How many steps ended how: only what there is. */
export function countedEnds({ steps }: RunResult): Partial<Record<StepEnd, number>> {
  const outcomes = Object.values(steps);
  const counts = ENDS.map((end) =>
    [end, outcomes.filter((outcome) => outcome.end === end).length] as const
  );
  return Object.fromEntries(counts.filter(([, count]) => count > 0));
}

/** A run in a list. A run without a result still runs, or was killed: `unknown`, since nothing tells these apart. */
export interface KnownRun {
  /** `my_pipeline@3` */
  run: string;
  /** How it ended. */
  end: RunEnd | "unknown";
  /** When it was planned. */
  plannedAt: Date;
  /** How many steps it has. */
  steps: number;
  /** How long it took, milliseconds. */
  durationMs?: number;
  /** How many steps ended how. */
  counts?: Partial<Record<StepEnd, number>>;
}

/** A run in a list. */
export function knownRun({ run, plannedAt, steps, result }: ListedRun): KnownRun {
  if (result === undefined) return { run, end: "unknown", plannedAt, steps };
  const { end, durationMs } = result;
  return { run, end, plannedAt, steps, durationMs, counts: countedEnds(result) };
}

/** A step of a run, as far as is known. */
export interface KnownStep extends Omit<StepOutcome, "end"> {
  /** The run. */
  run: string;
  /** The step. */
  step: string;
  /** Why it was to run. */
  why: string[];
  /** How it ended. */
  end: StepEnd | "unknown";
}

/** The steps of a run in the order of its plan, also while it goes on. */
export async function* knownSteps(
  registry: Registry,
  { run, result }: { run: string; result: RunResult | undefined },
  { signal }: SignalOptions = {},
): AsyncGenerator<KnownStep> {
  const { readRun } = await import("../../operators/runner/mod.ts");
  const { mapAtOnce } = await import("../../workers/mod.ts");
  const plan = await readRun(registry, run, { signal });
  yield* mapAtOnce(plan.steps, async (step) => {
    const outcome = result?.steps[step.step] ??
      await outcomeSoFar(registry, { run, step }, { signal });
    return { run, step: step.step, why: step.reasons, ...outcome };
  });
}

/** What is known of a step of a run that has no result. */
async function outcomeSoFar(
  registry: Registry,
  { run, step: { step, decision } }: { run: string; step: PlannedStep },
  { signal }: SignalOptions,
): Promise<Omit<StepOutcome, "end"> & { end: StepEnd | "unknown" }> {
  if (decision === "skip") return { end: "skipped", durationMs: 0, reason: "nothing changed" };
  const { attemptsOf } = await import("../../operators/runner/mod.ts");
  const attempts = await attemptsOf(registry, { run, step }, { signal });
  const last = attempts.at(-1);
  if (last === undefined) return { end: "unknown", durationMs: 0 };
  return { ...last.outcome, attempts: attempts.length };
}
