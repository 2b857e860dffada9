// Turns of the event loop, for long loops over data in memory that would block all other work.
import { realSystem, type System } from "../system.ts";

/** Deno polls sockets before timers, but only once in about 60 immediates, which are faster. */
const TIMER_EVERY = 4;

let turns = 0;

/** Waits for the next turn of the event loop. */
export function nextTurn(): Promise<void> {
  const { setImmediate } = globalThis as { setImmediate?(run: () => void): unknown }; // not in browsers
  if (setImmediate === undefined || ++turns % TIMER_EVERY === 0) return realSystem.sleep(0);
  return new Promise((resolve) => void setImmediate(resolve));
}

/** Yields items some at a time, and lets other work go on after each `count` of them. */
export async function* slicesInTurns<T>(
  items: readonly T[],
  count = 500,
): AsyncGenerator<readonly T[]> {
  for (let from = 0; from < items.length; from += count) {
    if (from > 0) await nextTurn();
    yield items.slice(from, from + count);
  }
}

/** Yields items, and lets other work go on after each `count` of them. */
export async function* inTurns<T>(items: readonly T[], count?: number): AsyncGenerator<T> {
  for await (const some of slicesInTurns(items, count)) yield* some;
}

/** The longest that a loop keeps the thread, milliseconds. */
const SLICE_MS = 10;

/** Lets other work go on if none has for a while. Throws if the signal is aborted then. */
export type Turn = (signal?: AbortSignal) => Promise<void>;

/** Creates a function for each step of a long loop. */
export function createTurn(system: Pick<System, "monotonic"> = realSystem): Turn {
  let since = system.monotonic();
  return async (signal) => {
    const isOver = system.monotonic() - since >= SLICE_MS;
    await (isOver ? nextTurn() : undefined);
    if (isOver) since = system.monotonic();
    signal?.throwIfAborted();
  };
}

/** Yields items as they come, and lets other work go on every 10 ms. */
export async function* withTurns<T>(
  items: AsyncIterable<T>,
  { signal, turn = createTurn() }: { signal?: AbortSignal; turn?: Turn } = {},
): AsyncGenerator<T> {
  for await (const item of items) {
    yield item;
    await turn(signal);
  }
}
