// Runs many seeds until a promise is broken.
import type { BrokenInvariant } from "./checks/evidence.ts";
import { runSeed, type SimulatedRun, type SimulatedRunOptions } from "./run_seed.ts";
import { scheduleOf } from "./schedules/mod.ts";

/** Options of {@linkcode simulate}. */
export interface SimulateOptions extends SimulatedRunOptions {
  seeds?: number;
  firstSeed?: number;
  /** Run only the seeds that have this schedule. @default all */
  of?: string;
  /** Stop at the first violation. @default true */
  stop?: boolean;
  onRun?: (run: SimulatedRun) => void;
}

/** A violation, and how to reproduce it. */
export interface Violation extends BrokenInvariant {
  seed: number;
  schedule: string;
  replay: string;
}

/**
 * Runs the registry through random schedules in virtual time, with faults, pauses and kills, and
 * checks the results of every caller against the changes of the store.
 *
 * @returns the violations; empty if there are none
 */
export async function simulate(options: SimulateOptions = {}): Promise<Violation[]> {
  const { seeds = 1000, firstSeed = 1, of, stop = true, onRun, ...run } = options;
  const violations: Violation[] = [];
  for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
    if (of !== undefined && scheduleOf(seed).name !== of) continue;
    const done = await runSeed(seed, run);
    onRun?.(done);
    const { schedule } = done;
    const replay = replayCommand(seed, options);
    for (const finding of done.findings) violations.push({ ...finding, seed, schedule, replay });
    if (stop && violations.length > 0) break;
  }
  return violations;
}

function replayCommand(seed: number, { schedule }: SimulateOptions): string {
  const only = schedule === undefined ? "" : ` --schedule "${schedule}"`;
  return `deno run -A tests/simulate/main.ts --trace --seeds 1 --first ${seed}${only}`;
}
