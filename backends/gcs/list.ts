// Listings.
import type { ListOptions, ObjectInfo, Prefix } from "../../core/backend.ts";
import { compareUtf8 } from "../../core/bytes/bytes.ts";
import { listPages, PAGE } from "../bucket/list.ts";
import { type GcsApi, objectInfo, objectPath, type ObjectResource, replyJson } from "./api.ts";
import { foreignReply } from "./errors.ts";

interface Page {
  items?: ObjectResource[];
  prefixes?: string[];
  nextPageToken?: string;
}

const FIELDS = "nextPageToken,prefixes,items(name,size,generation,updated)";

/** Yields the objects whose key begins with `prefix`, in order. */
export async function* listObjects(
  api: GcsApi,
  prefix: string,
  options: ListOptions,
): AsyncGenerator<ObjectInfo | Prefix> {
  const { place } = api;
  const { after = "", delimiter, signal } = options;
  if (!prefix.isWellFormed()) return; // no key has such a prefix
  const start = place.prefix + prefix;
  const last = place.prefix + after.toWellFormed();
  const follows = after !== "" && compareUtf8(last, start) >= 0;
  const call = { action: "list", key: prefix, backend: place.location };
  yield* listPages(
    { ...options, root: place.prefix, prefix },
    async (keyOf, maxEntries, pageToken) => {
      const reply = await api.call({
        ...call,
        method: "GET",
        path: objectPath(place),
        query: {
          prefix: start === "" ? undefined : start,
          delimiter,
          startOffset: follows
            ? offsetAfter(last, last === start ? undefined : delimiter)
            : undefined,
          // `after` itself may come first.
          maxResults: follows && pageToken === undefined
            ? Math.min(PAGE, maxEntries + 1)
            : maxEntries,
          pageToken,
          fields: FIELDS,
        },
        repeatable: true,
        signal,
      });
      const { items = [], prefixes = [], nextPageToken } = replyJson<Page>(reply, call);
      return {
        objects: items.map((item) => objectInfo({ keyOf }, item)),
        groups: prefixes.map(keyOf),
        next: nextPageToken,
      };
    },
    (state) => foreignReply(state, call),
  );
}

/** Returns where a listing after this name starts. The store includes the start itself. */
function offsetAfter(name: string, delimiter: string | undefined): string {
  const isGroup = delimiter !== undefined && name.endsWith(delimiter);
  return isGroup ? `${name.slice(0, -1)}0` : name; // "0" follows "/"
}
