/**
 * Doing the same to many things, several at once.
 *
 * @module
 */

/** How many requests of one job are under way at once, where nobody says. */
const AT_ONCE = 16;

/** Calls `action` for each item. After a failure no more are begun; it is thrown when those under way have ended. */
export async function forEachAtOnce<T>(
  items: readonly T[],
  action: (item: T) => Promise<unknown>,
  count: number = AT_ONCE,
): Promise<void> {
  const pending = items.values();
  const failures: unknown[] = [];
  const work = async () => {
    for (let next = pending.next(); !next.done && failures.length === 0; next = pending.next()) {
      await action(next.value).catch((error) => void failures.push(error));
    }
  };
  await Promise.all(Array.from({ length: Math.min(count, items.length) }, work));
  if (failures.length > 0) throw failures[0];
}
