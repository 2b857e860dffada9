// How many seeds a simulation tries.
import { realSystem } from "../../core/system.ts";

/** The number in an environment variable, else `fallback`. */
export function seedCount(fallback: number, variable = "HOLDFAST_SEEDS"): number {
  const text = realSystem.env(variable) ?? String(fallback);
  if (!/^[1-9]\d*$/.test(text)) {
    throw new Error(`Cannot read ${variable}: ${JSON.stringify(text)} is not a count`);
  }
  return Number(text);
}

/** Days of a week: each has seeds of its own, so that seven runs of CI try all of them. */
const SHARES = 7;

/**
 * The seeds of one run: those of the share in `HOLDFAST_SHARE`, 0 to 6, as many as `variable` gives, or all seven
 * shares with `HOLDFAST_FULL=1` (`deno task test:all --full`).
 */
export function seedRange(
  fallback: number,
  variable = "HOLDFAST_SEEDS",
): { firstSeed: number; seeds: number } {
  const seeds = seedCount(fallback, variable);
  if (realSystem.env("HOLDFAST_FULL") === "1") return { firstSeed: 1, seeds: SHARES * seeds };
  const share = Number(realSystem.env("HOLDFAST_SHARE") ?? 0);
  return { firstSeed: 1 + (share % SHARES) * seeds, seeds };
}
