// Listing, page by page.
import type { ListOptions, ObjectInfo, Prefix } from "../../core/backend.ts";
import { compareUtf8 } from "../../core/bytes/bytes.ts";
import { objectInfo, objectPath, replyJson } from "./api.ts";
import type { GcsApi, ObjectResource } from "./api.ts";

interface Page {
  items?: ObjectResource[];
  prefixes?: string[];
  nextPageToken?: string;
}

const PAGE = 1000;
const FIELDS = "nextPageToken,prefixes,items(name,size,generation,updated)";

/** The objects whose key begins with `prefix`, in order. */
export async function* listObjects(
  api: GcsApi,
  prefix: string,
  { after = "", limit = Infinity, delimiter, signal }: ListOptions,
): AsyncGenerator<ObjectInfo | Prefix> {
  const { place } = api;
  if (!prefix.isWellFormed()) return; // no key begins so
  const start = place.prefix + prefix;
  const last = place.prefix + after.toWellFormed();
  const follows = after !== "" && compareUtf8(last, start) >= 0;
  let left = limit;
  let pageToken: string | undefined;
  while (left > 0) {
    signal?.throwIfAborted();
    const reply = await api.call({
      action: "list",
      key: prefix,
      method: "GET",
      path: objectPath(place),
      query: {
        prefix: start === "" ? undefined : start,
        delimiter,
        startOffset: follows
          ? offsetAfter(last, last === start ? undefined : delimiter)
          : undefined,
        maxResults: Math.min(PAGE, left + (follows && pageToken === undefined ? 1 : 0)), // `after` itself may come first
        pageToken,
        fields: FIELDS,
      },
      repeatable: true,
      signal,
    });
    const page = replyJson<Page>(reply, { action: "list", key: prefix, backend: place.location });
    for (const entry of entriesOf(page)) {
      if (follows && compareUtf8(nameIn(entry), last) <= 0) continue;
      signal?.throwIfAborted();
      if (left-- <= 0) return;
      yield "prefix" in entry ? { prefix: place.keyOf(entry.prefix) } : objectInfo(place, entry);
    }
    pageToken = page.nextPageToken;
    if (pageToken === undefined || pageToken === "") return;
  }
}

/** Where a listing that goes on after this name begins, at the latest. The store includes the name itself. */
function offsetAfter(name: string, delimiter: string | undefined): string {
  return delimiter !== undefined && name.endsWith(delimiter) ? `${name.slice(0, -1)}0` : name; // "0" follows "/"
}

/** Objects and prefixes of a page, which come apart, in one order. */
function* entriesOf({ items = [], prefixes = [] }: Page): Generator<ObjectResource | Prefix> {
  let next = 0;
  for (const item of items) {
    while (next < prefixes.length && compareUtf8(prefixes[next], item.name) < 0) {
      yield { prefix: prefixes[next++] };
    }
    yield item;
  }
  while (next < prefixes.length) yield { prefix: prefixes[next++] };
}

function nameIn(entry: ObjectResource | Prefix): string {
  return "prefix" in entry ? entry.prefix : entry.name;
}
