// Parts of a process that serves beside others.
import type { ProcessCounts } from "../observe/process_counts.ts";
import type { ServiceMemory } from "./service_memory.ts";

/** Parts of one of several processes of a service. */
export interface ProcessParts {
  /** The number of processes, which share limits of memory. */
  processes: number;
  /** The memory of the whole service, with its audit trail. */
  memory: ServiceMemory;
  /** Returns the counts of all processes. */
  allCounts(): Promise<ProcessCounts>;
}
