/**
 * What all entries of a batch share, and what one of them has for itself.
 *
 * @module
 */
import type { Context } from "../registry/opening/context.ts";
import type { Budget } from "./budget.ts";
import type { Placement } from "./placement.ts";
import type { Slot } from "./slots.ts";
import type { Rates } from "./rates.ts";

/** Below this nothing is gained by asking who should do it. */
export const SMALL_BYTES = 128 * 1024;

/** What is streamed takes no more memory; what is of unknown size counts as so much work. */
export const STREAMED_BYTES = 32 * 1024 * 1024;

/** What all entries of a batch share. */
export interface Shop {
  /** The registry. */
  context: Context;
  /** How fast this machine is. */
  rates: Rates;
  /** Who does what. */
  placement: Placement;
  /** Bytes in memory. */
  budget: Budget;
  /** What is smaller stays on the caller's thread. */
  smallBytes: number;
}

/** One save or load of a batch. */
export interface Entry {
  /** True once it ended. */
  readonly ended: boolean;
  /** The worker of its own that it has, because it brought down another one. */
  readonly alone?: Slot;
  /** Says that a stream was begun that can be read once: the entry cannot be done again. */
  spend(): void;
  /** Does something when it ends. */
  atEnd(action: () => void): void;
}

/** Runs something as an entry, and then what it left to be done at its end. */
export async function withEntry<T>(
  { alone, spend = () => {} }: { alone?: Slot; spend?: () => void },
  run: (entry: Entry) => Promise<T>,
): Promise<T> {
  const actions: (() => void)[] = [];
  let ended = false;
  try {
    return await run({
      alone,
      spend,
      get ended() {
        return ended;
      },
      atEnd: (action) => void actions.push(action),
    });
  } finally {
    ended = true;
    for (const action of actions.reverse()) action();
  }
}
