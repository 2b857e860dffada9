// Values of `/metrics` that each process of a service has for itself, as JSON, and their sums.

/** Gauges that a process takes with it when it ends. */
export const RUNNING = "holdfast_requests_under_way";
export const PROCESSES = "holdfast_processes";

/** A histogram. */
export interface DurationCounts {
  /** Counts by bucket, the last for all longer requests. */
  counts: number[];
  sum: number;
}

export interface ProcessCounts {
  /** Counters and gauges by name, then by the values of their labels. */
  numbers: Record<string, Record<string, number>>;
  /** By the values of their labels. */
  durations: Record<string, DurationCounts>;
  /** Gauges of which the highest value of all processes counts. */
  highest: Record<string, Record<string, number>>;
}

export const NO_COUNTS: ProcessCounts = { numbers: {}, durations: {}, highest: {} };

/** Adds the values of several processes. */
export function addCounts(all: readonly ProcessCounts[]): ProcessCounts {
  const add = (a: number, b: number) => a + b;
  return {
    numbers: joined(all.map(({ numbers }) => numbers), (a, b) => joined([a, b], add)),
    durations: joined(all.map(({ durations }) => durations), (a, b) => ({
      counts: a.counts.map((count, i) => count + (b.counts[i] ?? 0)),
      sum: a.sum + b.sum,
    })),
    highest: joined(all.map(({ highest }) => highest), (a, b) => joined([a, b], Math.max)),
  };
}

/** Returns what still counts of a process that has ended. */
export function countsOfEnded({ numbers, ...others }: ProcessCounts): ProcessCounts {
  const { [RUNNING]: _running, [PROCESSES]: _processes, ...counters } = numbers;
  return { ...others, numbers: counters };
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
