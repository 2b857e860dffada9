// Reads that requests share: all that ask for the same in one turn of the event loop get one read,
// which begins after the last of them has asked. So no answer is older than its request.
import { setImmediate } from "node:timers";

/** Returns a function that calls `read` once for all callers with the same key in one turn. */
export function shareReads<T>(): (key: string, read: () => Promise<T>) => Promise<T> {
  const waiting = new Map<string, Promise<T>>();
  return (key, read) => {
    let shared = waiting.get(key);
    if (shared === undefined) {
      shared = new Promise((resolve, reject) =>
        setImmediate(() => {
          waiting.delete(key);
          read().then(resolve, reject);
        })
      );
      waiting.set(key, shared);
    }
    return shared;
  };
}
