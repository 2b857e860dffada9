// Small things are read and written synchronously, which is several times faster. So that a program
// which does nothing else still hears its timers and signals, every call takes its turn here.
import { setImmediate } from "node:timers";
import type { System } from "../../core/system.ts";

const SLICE_MS = 10;

/** To be awaited: lets everything else run if nothing else did for a while. Throws where the signal is aborted then. */
export type Turn = (signal?: AbortSignal) => Promise<void>;

export function createTurn(system: System): Turn {
  let since = system.monotonic();
  return async (signal) => {
    const isOver = system.monotonic() - since >= SLICE_MS;
    await (isOver ? new Promise((resolve) => setImmediate(resolve)) : undefined);
    if (isOver) since = system.monotonic();
    signal?.throwIfAborted();
  };
}
