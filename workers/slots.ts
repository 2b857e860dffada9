/**
 * Places for workers, and those for jobs that were under way in a worker that was lost: one of them brought it down,
 * and nobody knows which.
 *
 * @module
 */
import type { Channel } from "./channel.ts";
import type { WorkerMethods } from "./protocol.ts";

/** A worker that has something to do, and does not end. */
export interface TakenWorker {
  /** What it can be asked. */
  readonly channel: Channel<WorkerMethods>;
  /** Gives it back. */
  leave(): void;
}

/** A place for one worker. */
export interface Slot {
  /** Work that was given to it and is not done, predicted milliseconds. */
  pendingMs: number;
  /** Whether its worker has been started. */
  readonly running: boolean;
  /** Takes a worker, which is started if need be. */
  take(): Promise<TakenWorker>;
}

/** Takes a worker that nobody else has, up to `most` of them: one that survived a job is as good as a new one. */
export function createSolitary(most: number, createSlot: () => Slot): () => Promise<TakenWorker> {
  const free: Slot[] = [];
  const waiting: ((slot: Slot) => void)[] = [];
  let created = 0;

  return async () => {
    const slot = await acquire();
    try {
      const { channel, leave } = await slot.take();
      return {
        channel,
        leave() {
          leave();
          release(slot);
        },
      };
    } catch (error) {
      release(slot);
      throw error;
    }
  };

  function acquire(): Promise<Slot> {
    const slot = free.pop();
    if (slot !== undefined) return Promise.resolve(slot);
    if (created++ < most) return Promise.resolve(createSlot());
    const { promise, resolve } = Promise.withResolvers<Slot>();
    waiting.push(resolve);
    return promise;
  }

  function release(slot: Slot): void {
    const next = waiting.shift();
    if (next === undefined) free.push(slot);
    else next(slot);
  }
}
