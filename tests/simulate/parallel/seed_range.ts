// What a worker of the simulation is asked for, and what it answers.
import type { SimulateOptions, Violation } from "../simulate.ts";

export type SentOptions = Pick<SimulateOptions, "schedule">;

/** Some seeds, one after the other. */
export interface SeedRange extends SentOptions {
  firstSeed: number;
  seeds: number;
}

export interface RangeResult {
  violations: Violation[];
  traces: string[];
}
