/**
 * Many asynchronous calls at once, their results in order.
 *
 * @module
 */

/** Calls `map` for each item, at most `concurrency` at once, and yields the results in the order of the items. */
export async function* mapOrdered<T, R>(
  items: AsyncIterable<T>,
  map: (item: T) => Promise<R>,
  concurrency = 16,
): AsyncGenerator<R> {
  const running: Promise<R>[] = [];
  for await (const item of items) {
    const result = map(item);
    result.catch(() => {}); // reported when its turn comes
    running.push(result);
    if (running.length >= concurrency) yield await running.shift()!;
  }
  while (running.length > 0) yield await running.shift()!;
}
