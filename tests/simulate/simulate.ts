// The driver: many seeds, until a promise is broken.
import type { Finding } from "./checks/evidence.ts";
import { type Run, type RunOptions, runSeed } from "./run_seed.ts";

/** Options of {@linkcode simulate}. */
export interface SimulateOptions extends RunOptions {
  /** How many seeds. @default 1000 */
  seeds?: number;
  /** The first of them. @default 1 */
  firstSeed?: number;
  /** End with the first seed that breaks a promise. @default true */
  stop?: boolean;
  onRun?: (run: Run) => void;
}

/** A broken promise, and how to see it again. */
export interface Violation extends Finding {
  seed: number;
  schedule: string;
  replay: string;
}

/**
 * Runs the real registry code through random schedules in virtual time, with faults, pauses and kills, and checks
 * what every caller was told against what truly happened at the store.
 *
 * @returns the promises that were broken; none when all is well
 */
export async function simulate(options: SimulateOptions = {}): Promise<Violation[]> {
  const { seeds = 1000, firstSeed = 1, stop = true, onRun, ...run } = options;
  const violations: Violation[] = [];
  for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
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
