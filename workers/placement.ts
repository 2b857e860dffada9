// Who does a piece of work: the caller's thread or a worker, whichever is predicted to be done
// first.
import type { Pool } from "./pool.ts";
import type { Slot } from "./slots.ts";

export interface Placement {
  /**
   * Does work of `workMs` where it is done first. To move it costs this thread `moveMs`.
   *
   * @param here does it on this thread
   * @param there does it in a worker
   */
  place<T>(
    work: { workMs: number; moveMs: number },
    here: () => Promise<T>,
    there: (slot: Slot) => Promise<T>,
  ): Promise<T>;
}

/**
 * Creates a placement over a pool. It balances predicted milliseconds, so work stays here while it is small, while
 * there is little of it, and while a worker would have to be started for less than its start costs. With `always` it
 * goes to a worker wherever there is one. `processors` is how many threads run at the same time.
 */
export function createPlacement(
  pool: Pool,
  offload: "auto" | "always",
  processors: number = globalThis.navigator?.hardwareConcurrency ?? 2,
): Placement {
  let pendingHereMs = 0;
  return {
    async place({ workMs, moveMs }, here, there) {
      // Busy workers on every processor are only slowed down by work here, the more so as they are fed from here.
      const crowded = pool.slots.length >= processors &&
        pool.slots.every(({ pendingMs }) => pendingMs > 0);
      const hereMs = pendingHereMs + workMs;
      let best: Slot | undefined, bestMs = offload === "always" || crowded ? Infinity : hereMs;
      for (const slot of pool.slots) {
        const startMs = slot.running ? 0 : pool.startMs;
        const doneMs = slot.pendingMs + startMs + workMs + moveMs + pool.answerMs;
        if (doneMs < bestMs) [best, bestMs] = [slot, doneMs];
      }
      if (best === undefined) {
        pendingHereMs += workMs;
        try {
          return await here();
        } finally {
          pendingHereMs -= workMs;
        }
      }
      best.pendingMs += workMs;
      try {
        return await there(best);
      } finally {
        best.pendingMs -= workMs;
      }
    },
  };
}
