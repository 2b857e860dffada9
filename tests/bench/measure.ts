// The measurements: every repeat does each measure of a group once, so that they share the
// noise.
import process from "node:process";

/** How long something took, milliseconds. */
export interface Timing {
  wallMs: number;
  cpuMs: number;
}

export interface Measure {
  name: string;
  /** How many operations, or MiB, one run has. */
  count: number;
  unit: "op" | "MiB";
  run(): Promise<Timing> | Timing;
  floor?: string;
  /** Another measure to compare with. */
  second?: string;
  facts?(): Record<string, number | string>;
  /** Cells of columns that only this group has, by title. */
  columns?(): Record<string, string>;
}

export interface Group extends AsyncDisposable {
  measures: Measure[];
}

/** A group by its name. */
export interface GroupEntry {
  title: string;
  /** Text of the page about what is compared. */
  about?: string;
  create(settings: BenchSettings): Promise<Group>;
  maxRepeats?: number;
  named?: boolean;
}

export interface BenchSettings {
  folder: string;
  operations: number;
  /** Versions of each name in registries of many names. */
  versions: number;
  /** The number that was asked for, if any. */
  n?: number;
  repeats: number;
  quick: boolean;
  /** MiB of a large file. */
  largeMib: number;
}

export interface Sample {
  measure: Measure;
  timings: Timing[];
}

/** Runs every measure of a group `repeats` times, in turn. */
export async function runGroup(
  group: Group,
  repeats: number,
): Promise<Sample[]> {
  const samples = group.measures.map((measure): Sample => ({ measure, timings: [] }));
  for (let round = 0; round < repeats; round++) {
    for (const { measure, timings } of samples) timings.push(await measure.run());
  }
  return samples;
}

export async function timed(action: () => unknown): Promise<Timing> {
  const cpu = process.cpuUsage();
  const wall = performance.now();
  await action();
  const { user, system } = process.cpuUsage(cpu);
  return { wallMs: performance.now() - wall, cpuMs: (user + system) / 1000 };
}

export function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
