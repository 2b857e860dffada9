// Listings of a bucket, page by page.
import { isPrefix, type ListOptions, type ObjectInfo, type Prefix } from "../../core/backend.ts";
import { compareUtf8 } from "../../core/bytes/bytes.ts";
import { shown } from "../../core/naming/names.ts";

/** The maximum number of entries per page in all stores. */
export const PAGE = 1000;

/** The most pages without entries, one after another: a store may skip a thousand deleted objects in each. */
const MAX_EMPTY_PAGES = 10_000;

interface Listing extends ListOptions {
  /** The beginning of all names in the bucket, which keys lack. */
  root: string;
  prefix: string;
}

interface ListedPage {
  objects: ObjectInfo[];
  /** Common prefixes, which stores list separately. */
  groups: string[];
  next?: string;
}

/**
 * Yields the entries after `after` in one order. Throws if the store lists them in another, without
 * a size or time or with names of another prefix, or if the listing never ends.
 *
 * @param readPage gets a function that returns the key of a listed name
 */
export async function* listPages(
  { root, prefix, after = "", limit = Infinity, signal }: Listing,
  readPage: (
    keyOf: (name?: string) => string,
    maxEntries: number,
    token?: string,
  ) => Promise<ListedPage>,
  wrong: (state: string) => Error,
): AsyncGenerator<ObjectInfo | Prefix> {
  const begin = root + prefix;
  const keyOf = (name?: string) => {
    if (name?.startsWith(begin)) return name.slice(root.length);
    throw wrong(
      `the listing of ${shown(begin)} has ${name === undefined ? "no name" : shown(name)}`,
    );
  };
  let emptyPages = 0;
  let remaining = limit;
  let token: string | undefined;
  let last = after;
  const tokens = new Set<string>();
  do {
    if (remaining <= 0) return;
    signal?.throwIfAborted();
    const page = await readPage(keyOf, Math.min(remaining, PAGE), token);
    const entries = entriesOf(page);
    for (const entry of entries) {
      const name = nameOf(entry);
      if (after !== "" && compareUtf8(name, after) <= 0) continue; // `after` itself, or its group
      if (last !== "" && compareUtf8(name, last) <= 0) {
        throw wrong(`the listing is not in byte order (${shown(name)} after ${shown(last)})`);
      }
      last = name;
      if (!isPrefix(entry) && !isWhole(entry)) {
        throw wrong(`the listing has no size or time of ${shown(name)}`);
      }
      yield entry;
      signal?.throwIfAborted();
      if (--remaining <= 0) return;
    }
    token = page.next || undefined;
    emptyPages = entries.length === 0 ? emptyPages + 1 : 0;
    const isRepeated = token !== undefined && tokens.size === tokens.add(token).size;
    if (isRepeated || emptyPages > MAX_EMPTY_PAGES) {
      throw wrong("the listing never ends");
    }
  } while (token !== undefined);
}

/** Returns objects and groups in one order. */
function entriesOf({ objects, groups }: ListedPage): (ObjectInfo | Prefix)[] {
  if (groups.length === 0) return objects;
  return [...objects, ...groups.map((prefix) => ({ prefix }))]
    .sort((a, b) => compareUtf8(nameOf(a), nameOf(b)));
}

function isWhole({ size, modifiedAt }: ObjectInfo): boolean {
  return Number.isSafeInteger(size) && size >= 0 && Number.isFinite(modifiedAt);
}

function nameOf(entry: ObjectInfo | Prefix): string {
  return isPrefix(entry) ? entry.prefix : entry.key;
}
