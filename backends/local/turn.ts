// Small files are read and written synchronously, which is several times faster. Each call awaits
// its turn, so that timers and signals of the program still run.
import type { System } from "../../core/system.ts";
import { nextTurn } from "../../core/work/next_turn.ts";

const SLICE_MS = 10;

/** Lets other tasks run if none has for a while. Throws if the signal is aborted then. */
export type Turn = (signal?: AbortSignal) => Promise<void>;

export function createTurn(system: System): Turn {
  let since = system.monotonic();
  return async (signal) => {
    const isOver = system.monotonic() - since >= SLICE_MS;
    await (isOver ? nextTurn() : undefined);
    if (isOver) since = system.monotonic();
    signal?.throwIfAborted();
  };
}
