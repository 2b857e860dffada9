/**
 * How many seeds a simulation tries.
 *
 * @module
 */
import { realSystem } from "../../core/system.ts";

/** The number in `HOLDFAST_SEEDS`, else `fallback`. */
export function seedCount(fallback: number): number {
  const text = realSystem.env("HOLDFAST_SEEDS") ?? String(fallback);
  if (!/^[1-9]\d*$/.test(text)) throw new Error(`Cannot read HOLDFAST_SEEDS: ${JSON.stringify(text)} is not a count`);
  return Number(text);
}
