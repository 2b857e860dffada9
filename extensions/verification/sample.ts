// Samples: each run reads the next window of positions, so the runs of a cycle read everything.
import { invalid } from "../../core/kernel.ts";
import { POSITIONS } from "./selection.ts";
import type { Positions } from "./selection.ts";

const DAY_MS = 24 * 3_600_000;

/** Throws `Invalid` for a fraction that no cycle of runs could have. */
export function checkSample(action: string, sample: number, deep: boolean): void {
  if (!deep) {
    const hint = "Omit `sample`, or pass `deep: true`.";
    throw invalid(action, undefined, "`sample` reads files, but `deep` is false", { hint });
  }
  if (typeof sample === "number" && sample >= 1 / POSITIONS && sample <= 1) return;
  const state = `sample is ${sample}, not a number from ${1 / POSITIONS} to 1`;
  throw invalid(action, undefined, state, { hint: "Pass 0.01 for one of a hundred runs." });
}

/** Returns windows of at least this size, at most `1 / sample`. Together they are all positions. */
export function windowsOf(sample: number): Positions[] {
  const size = Math.ceil(sample * POSITIONS - 1e-6); // 0.07 is a little more
  const windows: Positions[] = [];
  for (let from = 0; from < POSITIONS; from += size) {
    windows.push({ from, to: Math.min(from + size, POSITIONS) });
  }
  return windows;
}

/** Returns the number of the window of a day (UTC). Days in succession have each of them. */
export function windowOfDay(windows: readonly Positions[], now: number): number {
  return Math.floor(now / DAY_MS) % windows.length;
}
