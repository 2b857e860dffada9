// A system whose sleeps end only when the test ends them.
import { realSystem, type System } from "../../core/system.ts";

export interface HeldSleep {
  readonly system: System;
  /** Ends all current sleeps. */
  wake(): void;
}

export function createHeldSleep(): HeldSleep {
  const asleep = new Set<() => void>();
  return {
    wake() {
      const all = [...asleep];
      asleep.clear();
      for (const resolve of all) resolve();
    },
    system: {
      ...realSystem,
      sleep(_ms, signal) {
        const { promise, resolve, reject } = Promise.withResolvers<void>();
        if (signal?.aborted) return Promise.reject(signal.reason);
        asleep.add(resolve);
        signal?.addEventListener("abort", () => asleep.delete(resolve) && reject(signal.reason));
        return promise;
      },
    },
  };
}

/** Waits for a condition, and calls `meanwhile` in each turn of the event loop. */
export async function until(
  condition: () => boolean,
  meanwhile: () => void = () => {},
): Promise<void> {
  while (!condition()) {
    meanwhile();
    await realSystem.sleep(0);
  }
}
