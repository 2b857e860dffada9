// Doing the same to many things, several at once.
/** How many requests of one job are under way at once, where nobody says. */
const AT_ONCE = 16;

/** Options of doing something many times. */
export interface AtOnceOptions {
  /** How many are under way at once. @default 16 */
  concurrency?: number;
}

/** Calls `action` for each item. After a failure no more are begun; it is thrown when those under way have ended. */
export async function forEachAtOnce<T>(
  items: Iterable<T>,
  action: (item: T) => Promise<unknown>,
  { concurrency = AT_ONCE }: AtOnceOptions = {},
): Promise<void> {
  const pending = items[Symbol.iterator]();
  const failures: unknown[] = [];
  let over = false;
  const work = async () => {
    while (!over) {
      const next = pending.next();
      over ||= next.done ?? false;
      if (next.done) return;
      await action(next.value).catch((error) => void failures.push(error));
      over ||= failures.length > 0;
    }
  };
  const works: Promise<void>[] = [];
  while (!over && works.length < concurrency) works.push(work());
  await Promise.all(works);
  if (failures.length > 0) throw failures[0];
}

/**
 * Calls `map` for each item and yields the results in the order of the items. Items are drawn as results are taken: one
 * that nobody has taken yet counts as one under way.
 *
 * @example
 * ```ts
 * import { openRegistry, saveMany } from "@holdfast/holdfast";
 * import { mapAtOnce } from "@holdfast/holdfast/workers";
 * import { assertEquals } from "@std/assert";
 *
 * await using registry = await openRegistry("memory:");
 * await saveMany(registry, [{ name: "a", value: 1 }, { name: "b", value: "two" }]);
 * const kinds = mapAtOnce(registry.names(), async (name) => (await registry.info(name)).materializer.id);
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
    result.catch(() => {}); // reported when its turn comes
    running.push(result);
    if (running.length >= concurrency) yield await running.shift()!;
  }
  while (running.length > 0) yield await running.shift()!;
}

/** Lets so many tasks run at once, whoever begins them; the others wait for their turn. */
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
