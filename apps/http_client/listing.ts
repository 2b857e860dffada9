// Listings of a service, page by page.
import type { Call, Connection } from "./connection.ts";

const PAGE = 1000;

export interface ListingCall extends Pick<Call, "action" | "path" | "query" | "signal"> {
  after?: string;
  /** At most so many. @default all */
  limit?: number;
}

/** The items, as they are on the wire. A page is asked for when those before it were taken. */
export async function* listAll<T>(connection: Connection, call: ListingCall): AsyncGenerator<T> {
  const { limit = Infinity, query, ...rest } = call;
  let { after } = call;
  let left = limit;
  while (left > 0) {
    const page = await connection.json<{ items: T[]; next?: string }>({
      ...rest,
      query: { ...query, after, limit: Math.min(left, PAGE) },
    });
    if (!Array.isArray(page?.items)) throw connection.strange(call, "it is no listing");
    for (const item of page.items.slice(0, left)) yield item;
    left -= page.items.length;
    if (page.next === undefined || page.next === null || page.items.length === 0) return;
    after = page.next;
  }
}
