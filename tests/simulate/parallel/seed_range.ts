// What a worker of the simulation is asked for, and what it answers.
import type { SimulateOptions, Violation } from "../simulate.ts";

/** Options that travel to a worker. */
export type SentOptions = Pick<SimulateOptions, "schedule">;

/** Some seeds, one after the other. */
export interface SeedRange extends SentOptions {
  /** The first. */
  firstSeed: number;
  /** How many. */
  seeds: number;
}

/** What became of them. */
export interface RangeResult {
  /** Promises that were broken. */
  violations: Violation[];
  /** The hash of the trace of each seed. */
  traces: string[];
}
