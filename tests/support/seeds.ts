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
