// Places for workers, and those for jobs that were under way in a worker that was lost: one of them
// brought it down, and nobody knows which.
import { createLimit } from "../core/work/at_once.ts";
import type { Channel } from "./channel.ts";
import type { WorkerMethods } from "./protocol.ts";

export type WorkerJob<T> = (worker: Channel<WorkerMethods>) => Promise<T>;

export interface Slot {
  pendingMs: number;
  readonly running: boolean;
  use<T>(job: WorkerJob<T>): Promise<T>;
}

export type Solitary = <T>(job: WorkerJob<T>) => Promise<T>;

/** Creates {@linkcode Solitary}. A worker that survived a job is as good as a new one. */
export function createSolitary(most: number, createSlot: () => Slot): Solitary {
  const limit = createLimit(most);
  const free: Slot[] = [];
  return (job) =>
    limit(async () => {
      const slot = free.pop() ?? createSlot();
      try {
        return await slot.use(job);
      } finally {
        free.push(slot);
      }
    });
}
