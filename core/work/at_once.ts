// Concurrent work on many items, with a limit.
const AT_ONCE = 16;

/** Options of calls that run at once. */
export interface AtOnceOptions {
  /** Maximum number of concurrent calls. @default 16 */
  concurrency?: number;
}

/** Calls `action` for each item. After a failure, waits for running calls, and throws it. */
export async function forEachAtOnce<T>(
  items: Iterable<T> | AsyncIterable<T>,
  action: (item: T) => Promise<unknown>,
  { concurrency = AT_ONCE }: AtOnceOptions = {},
): Promise<void> {
  const pending = Symbol.asyncIterator in items
    ? items[Symbol.asyncIterator]()
    : items[Symbol.iterator]();
  const failures: unknown[] = [];
  let over = false;
  const fail = (error: unknown) => {
    failures.push(error);
    over = true;
  };
  const work = async () => {
    while (!over) {
      const step = pending.next();
      const next = step instanceof Promise ? await step.catch(fail) : step;
      over ||= next?.done ?? false;
      if (next === undefined || next.done || failures.length > 0) return;
      await action(next.value).catch(fail);
    }
  };
  const works: Promise<void>[] = [];
  while (!over && works.length < concurrency) works.push(work());
  await Promise.all(works);
  if (failures.length === 0) return;
  if (Symbol.asyncIterator in items) await pending.return?.();
  throw failures[0];
}

/**
 * Calls `map` for each item and yields the results in order. It draws items as results are taken,
 * so untaken results count as running.
 *
 * @example
 * ```ts
 * import { openRegistry, saveMany } from "@holdfast/holdfast";
 * import { mapAtOnce } from "@holdfast/holdfast/workers";
 * import { assertEquals } from "@std/assert";
 *
 * await using registry = await openRegistry("memory:");
 * await saveMany(registry, [{ name: "a", value: 1 }, { name: "b", value: "two" }]);
 * const kinds = mapAtOnce(registry.names(), async (name) =>
 *   (await registry.info(name)).materializer.id);
 * assertEquals(await Array.fromAsync(kinds), ["json", "text"]);
 * ```
 */
export async function* mapAtOnce<T, R>(
  items: Iterable<T> | AsyncIterable<T>,
  map: (item: T) => Promise<R>,
  { concurrency = AT_ONCE }: AtOnceOptions = {},
): AsyncGenerator<R> {
  const running: Promise<R>[] = [];
  for await (const item of items) {
    const result = map(item);
    result.catch(() => {}); // thrown when its turn comes
    running.push(result);
    if (running.length >= concurrency) yield await running.shift()!;
  }
  while (running.length > 0) yield await running.shift()!;
}

/** Returns a function that runs at most `atOnce` tasks concurrently; others wait. */
export function createLimit(atOnce: number): <T>(task: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let free = atOnce;
  return async (task) => {
    if (free > 0) free--;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await task();
    } finally {
      const next = waiting.shift();
      if (next === undefined) free++;
      else next();
    }
  };
}
