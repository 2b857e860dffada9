// Small things are read and written synchronously, which is several times faster. So that a program
// which does nothing else still hears its timers and signals, every call takes its turn here.
import { setImmediate } from "node:timers";
import type { System } from "../../core/system.ts";

const SLICE_MS = 10;

/** To be awaited: lets everything else run if nothing else did for a while. */
export type Turn = () => Promise<void> | undefined;

export function createTurn(system: System): Turn {
  let since = system.monotonic();
  return () => {
    if (system.monotonic() - since < SLICE_MS) return undefined;
    return new Promise((resolve) =>
      setImmediate(() => {
        since = system.monotonic();
        resolve();
      })
    );
  };
}
