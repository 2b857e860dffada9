// Values of `/metrics` that each process of a service has for itself, as JSON.

/** A histogram. */
export interface DurationCounts {
  /** Counts by bucket, the last for all longer requests. */
  counts: number[];
  sum: number;
}

export interface ProcessCounts {
  /** Counters by name, then by the values of their labels. */
  numbers: Record<string, Record<string, number>>;
  /** Gauges that a process takes with it when it ends. */
  running: Record<string, Record<string, number>>;
  /** By the values of their labels. */
  durations: Record<string, DurationCounts>;
  /** Gauges of which the highest value of all processes counts. */
  highest: Record<string, Record<string, number>>;
}
