// Places for workers, and those for jobs that were under way in a worker that was lost: one of them
// brought it down, and nobody knows which.
import { createLimit } from "../core/work/at_once.ts";
import type { Channel } from "./channel.ts";
import type { WorkerMethods } from "./protocol.ts";

/** What a worker is given to do; it does not end before that. */
export type WorkerJob<T> = (worker: Channel<WorkerMethods>) => Promise<T>;

/** A place for one worker. */
export interface Slot {
  /** Work that was given to it and is not done, predicted milliseconds. */
  pendingMs: number;
  /** Whether its worker has been started. */
  readonly running: boolean;
  /** Runs a job in its worker, which is started if need be. */
  use<T>(job: WorkerJob<T>): Promise<T>;
}

/** Runs a job in a worker of its own, up to `most` of them at once. */
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
