/**
 * Places for workers, and those for jobs that were under way in a worker that was lost: one of them brought it down,
 * and nobody knows which.
 *
 * @module
 */
import type { Channel } from "./channel.ts";
import type { WorkerMethods } from "./protocol.ts";

/** A place for one worker. */
export interface Slot {
  /** Work that was given to it and is not done, predicted milliseconds. */
  pendingMs: number;
  /** Whether its worker has been started. */
  readonly running: boolean;
  /**
   * Takes a worker, which is started if need be, and keeps it from ending.
   *
   * @param atEnd is handed what gives it back
   */
  take(atEnd: (leave: () => void) => void): Promise<Channel<WorkerMethods>>;
}

/** Places in which a job has a worker for itself. */
export interface Solitary {
  /** A place for one entry: it waits for a worker that nobody else has, and gives it on at the entry's end. */
  place(): Slot;
}

/** Creates up to `most` such places, which are used again: a worker that survived a job is as good as a new one. */
export function createSolitary(most: number, createSlot: () => Slot): Solitary {
  const free: Slot[] = [];
  const waiting: ((slot: Slot) => void)[] = [];
  let created = 0;

  return {
    place() {
      let held: Promise<Slot> | undefined;
      let takes = 0;
      return {
        pendingMs: 0,
        running: false,
        async take(atEnd) {
          takes++;
          atEnd(() => {
            if (--takes === 0) held?.then(release);
          });
          held ??= acquire();
          return await (await held).take(atEnd);
        },
      };
    },
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
