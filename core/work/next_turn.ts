// Turns of the event loop, for long loops over data in memory that would block all other work.
import { setImmediate } from "node:timers";

/** Waits for the next turn of the event loop. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

/** Yields items, and lets other work go on after each `count` of them. */
export async function* inTurns<T>(items: Iterable<T>, count = 500): AsyncGenerator<T> {
  let left = count;
  for (const item of items) {
    if (left-- === 0) {
      left = count - 1;
      await nextTurn();
    }
    yield item;
  }
}
