// Values of `/metrics` that each process of a service has for itself, as JSON.

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
