// Lists of the strict fake.
import { compareUtf8 } from "../../../core/bytes/bytes.ts";
import type { ObjectStore, StoredGeneration } from "./object_store.ts";

export interface ListQuery {
  prefix: string;
  delimiter?: string;
  startOffset: string;
  endOffset?: string;
  maxResults: number;
  pageToken?: string;
}

export interface ListPage {
  items: StoredGeneration[];
  prefixes: string[];
  nextPageToken?: string;
}

/** One page; items and prefixes together are at most `maxResults`. The token says what the page before ended with. */
export function listPage(store: ObjectStore, query: ListQuery): ListPage {
  const { prefix, delimiter, startOffset, endOffset, maxResults } = query;
  const before = query.pageToken === undefined
    ? undefined
    : decodeURIComponent(atob(query.pageToken));
  const page: ListPage = { items: [], prefixes: [] };
  let last = before;
  for (const name of store.names()) {
    if (!name.startsWith(prefix) || compareUtf8(name, startOffset) < 0) continue;
    if (endOffset !== undefined && compareUtf8(name, endOffset) >= 0) break;
    const cut = delimiter === undefined ? -1 : name.indexOf(delimiter, prefix.length);
    const entry = cut < 0 ? name : name.slice(0, cut + delimiter!.length);
    if (last !== undefined && compareUtf8(entry, last) <= 0) continue;
    if (page.items.length + page.prefixes.length === maxResults) {
      return { ...page, nextPageToken: btoa(encodeURIComponent(last!)) };
    }
    if (cut < 0) page.items.push(store.find(name)!);
    else page.prefixes.push(entry);
    last = entry;
  }
  return page;
}
