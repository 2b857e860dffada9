// Listings of a bucket, page by page.
import { isPrefix, type ListOptions, type ObjectInfo, type Prefix } from "../../core/backend.ts";
import { compareUtf8 } from "../../core/bytes/bytes.ts";
import { shown } from "../../core/naming/names.ts";

/** The maximum number of entries per page in all stores. */
export const PAGE = 1000;

interface ListedPage {
  objects: ObjectInfo[];
  /** Common prefixes, which stores list separately. */
  groups: string[];
  next?: string;
}

/**
 * Yields the entries after `after` in one order. Throws if the store lists them in another, or
 * repeats the token of a page.
 */
export async function* listPages(
  { after = "", limit = Infinity, signal }: ListOptions,
  readPage: (maxEntries: number, token?: string) => Promise<ListedPage>,
  wrong: (state: string) => Error,
): AsyncGenerator<ObjectInfo | Prefix> {
  let remaining = limit;
  let token: string | undefined;
  let last = after;
  const tokens = new Set<string>();
  do {
    if (remaining <= 0) return;
    signal?.throwIfAborted();
    const { objects, groups, next } = await readPage(Math.min(remaining, PAGE), token);
    const entries = groups.length === 0
      ? objects
      : [...objects, ...groups.map((prefix) => ({ prefix }))]
        .sort((a, b) => compareUtf8(nameOf(a), nameOf(b)));
    for (const entry of entries) {
      const name = nameOf(entry);
      if (after !== "" && compareUtf8(name, after) <= 0) continue; // `after` itself, or its group
      if (last !== "" && compareUtf8(name, last) <= 0) {
        throw wrong(`the listing is not in byte order (${shown(name)} after ${shown(last)})`);
      }
      last = name;
      yield entry;
      signal?.throwIfAborted();
      if (--remaining <= 0) return;
    }
    token = next || undefined;
    if (token !== undefined && tokens.size === tokens.add(token).size) {
      throw wrong("the listing never ends");
    }
  } while (token !== undefined);
}

function nameOf(entry: ObjectInfo | Prefix): string {
  return isPrefix(entry) ? entry.prefix : entry.key;
}
