// A world in which nobody wakes by himself: what a pool waits for comes when its test says so,
// however busy the machine.
import { realSystem, type System } from "../../core/system.ts";

/** A world and its hand. */
export interface HeldSleep {
  /** Its clocks go on. */
  readonly system: System;
  /** Ends all sleeps of now. */
  wake(): void;
  /** Moves the clocks; wakes nobody. */
  advance(ms: number): void;
}

/** Makes such a world. */
export function createHeldSleep(): HeldSleep {
  const asleep = new Set<() => void>();
  let elapsedMs = 0;
  return {
    wake() {
      const all = [...asleep];
      asleep.clear();
      for (const resolve of all) resolve();
    },
    advance: (ms) => void (elapsedMs += ms),
    system: {
      ...realSystem,
      now: () => realSystem.now() + elapsedMs,
      monotonic: () => realSystem.monotonic() + elapsedMs,
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

/** Waits, turn by turn, until something is so. `meanwhile` is called in each. */
export async function until(
  condition: () => boolean,
  meanwhile: () => void = () => {},
): Promise<void> {
  while (!condition()) {
    meanwhile();
    await realSystem.sleep(0);
  }
}
