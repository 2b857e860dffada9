// What is measured, and how: every repeat does each measure of a group once, so that they share the
// noise.
import process from "node:process";

/** How long something took, milliseconds. */
export interface Timing {
  /** By the clock on the wall. */
  wallMs: number;
  /** Of all processors: says less about the disk, but other work on the machine disturbs it less. */
  cpuMs: number;
}

/** One thing that is measured. */
export interface Measure {
  /** What it does. */
  name: string;
  /** How many operations, or MiB, one run has. */
  count: number;
  /** What is counted. */
  unit: "op" | "MiB";
  /** Does it once and returns the time that counts. */
  run(): Promise<Timing> | Timing;
  /** The measure of the same group that does the same I/O and nothing else. */
  floor?: string;
  /** The peer's result of the same name as this. */
  peer?: string;
  /** More to say, known after the runs. */
  facts?(): Record<string, number | string>;
}

/** Measures that are repeated together. */
export interface Group extends AsyncDisposable {
  /** Its measures, in the order they are run. */
  measures: Measure[];
  /** What a peer is told besides. */
  peerArgs?: readonly string[];
}

/** How much is done. */
export interface BenchSettings {
  /** Where files go. */
  folder: string;
  /** Small operations in one run. */
  operations: number;
  /** How often each measure is run. */
  repeats: number;
  /** True for a run of seconds, which shows that everything works. */
  quick: boolean;
}

/** The times of a measure. */
export interface Sample {
  /** What was measured. */
  measure: Measure;
  /** The time of each run. */
  timings: Timing[];
}

/** Runs every measure of a group `repeats` times, in turn. `between` is called before each round. */
export async function runGroup(
  group: Group,
  repeats: number,
  between: (round: number) => Promise<void> = () => Promise.resolve(),
): Promise<Sample[]> {
  const samples = group.measures.map((measure): Sample => ({ measure, timings: [] }));
  for (let round = 0; round < repeats; round++) {
    await between(round);
    for (const { measure, timings } of samples) timings.push(await measure.run());
  }
  return samples;
}

/** The time that an action takes. */
export async function timed(action: () => unknown): Promise<Timing> {
  const cpu = process.cpuUsage();
  const wall = performance.now();
  await action();
  const { user, system } = process.cpuUsage(cpu);
  return { wallMs: performance.now() - wall, cpuMs: (user + system) / 1000 };
}

/** The middle of some numbers. */
export function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
