// Paged listings of a service.
import type { Call, Connection } from "./connection.ts";

const PAGE = 1000;

/**
 * Yields all items, converted by `of`, and requests each page when it is needed. `begin` runs
 * with the first item, so its errors reject that item instead of throwing at once.
 */
export async function* listAll<W, T>(
  connection: Connection,
  begin: () => Pick<Call, "action" | "path" | "query" | "signal"> & {
    after?: string;
    /** @default all */
    limit?: number;
  },
  of: (wire: W) => T,
): AsyncGenerator<T> {
  const call = begin();
  let { after, limit: remaining = Infinity } = call;
  const { limit: _, query, ...rest } = call;
  while (remaining > 0) {
    const page = await connection.json<{ items: W[]; next?: string }>({
      ...rest,
      query: { ...query, after, limit: Math.min(remaining, PAGE) },
    });
    if (!Array.isArray(page?.items)) throw connection.unexpected(call, "it is not a listing");
    for (const item of page.items.slice(0, remaining)) yield of(item);
    remaining -= page.items.length;
    if (page.next === undefined || page.next === null || page.items.length === 0) return;
    if (page.next === after) throw connection.unexpected(call, "the listing never ends");
    after = page.next;
  }
}
