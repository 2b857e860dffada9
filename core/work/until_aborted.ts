// Taking things that come, until somebody has enough.
import { withDeadline } from "../retry.ts";

/**
 * The items as they come. An abort is thrown at once, also while the next item does not come: a source that is waited
 * for cannot be closed, and closes when it hears itself.
 */
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
