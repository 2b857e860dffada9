// Sums of the values of `/metrics` that each process of a service has for itself.
import type { ProcessParts } from "../../apps/server/memory/process_parts.ts";

export type ProcessCounts = Awaited<ReturnType<ProcessParts["allCounts"]>>;

export const NO_COUNTS: ProcessCounts = { numbers: {}, running: {}, durations: {}, highest: {} };

/** Adds the values of several processes. */
export function addCounts(all: readonly ProcessCounts[]): ProcessCounts {
  const add = (a: number, b: number) => a + b;
  const sums = (records: ProcessCounts["numbers"][]) =>
    joined(records, (a, b) => joined([a, b], add));
  return {
    numbers: sums(all.map(({ numbers }) => numbers)),
    running: sums(all.map(({ running }) => running)),
    durations: joined(all.map(({ durations }) => durations), (a, b) => ({
      counts: a.counts.map((count, i) => count + (b.counts[i] ?? 0)),
      sum: a.sum + b.sum,
    })),
    highest: joined(all.map(({ highest }) => highest), (a, b) => joined([a, b], Math.max)),
  };
}

/** Returns what still counts of a process that has ended. */
export function countsOfEnded(counts: ProcessCounts): ProcessCounts {
  return { ...counts, running: {} };
}

function joined<T>(
  records: readonly Readonly<Record<string, T>>[],
  join: (a: T, b: T) => T,
): Record<string, T> {
  const values = new Map<string, T>();
  for (const record of records) {
    for (const [key, value] of Object.entries(record)) {
      const known = values.get(key);
      values.set(key, known === undefined ? value : join(known, value));
    }
  }
  return Object.fromEntries(values);
}
