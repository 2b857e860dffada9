// Signals of two causes, and iteration that an abort interrupts.
import { withDeadline } from "../retry.ts";

/** Returns a signal that aborts with the first of both. */
export function eitherSignal(own: AbortSignal, ofCaller: AbortSignal | undefined): AbortSignal {
  return ofCaller === undefined ? own : AbortSignal.any([ofCaller, own]);
}

/** Yields items until an abort, which is thrown at once even if the source does not respond. */
export async function* untilAborted<T>(
  items: Iterable<T> | AsyncIterable<T>,
  signal: AbortSignal | undefined,
): AsyncGenerator<T> {
  if (signal === undefined || !(Symbol.asyncIterator in items)) return yield* items;
  const source = items[Symbol.asyncIterator]();
  let coming = false;
  try {
    for (;;) {
      coming = true;
      const next = Promise.resolve(source.next()).finally(() => coming = false);
      const { done, value } = await withDeadline(next, { signal });
      if (done) return;
      yield value;
    }
  } finally {
    const closed = coming ? undefined : source.return?.();
    await closed;
  }
}
