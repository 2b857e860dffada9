/**
 * What ends of steps mean for those after them, and for their run.
 *
 * @module
 */
import type { RunEnd, StepOutcome } from "./events.ts";

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
