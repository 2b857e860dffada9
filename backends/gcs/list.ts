// Listing.
import type { ListOptions, ObjectInfo, Prefix } from "../../core/backend.ts";
import { compareUtf8 } from "../../core/bytes/bytes.ts";
import { shown } from "../../core/naming/names.ts";
import { listPages, PAGE } from "../bucket/list.ts";
import { type GcsApi, objectInfo, objectPath, type ObjectResource, replyJson } from "./api.ts";
import { failure } from "./errors.ts";

interface Page {
  items?: ObjectResource[];
  prefixes?: string[];
  nextPageToken?: string;
}

const FIELDS = "nextPageToken,prefixes,items(name,size,generation,updated)";

/** The objects whose key begins with `prefix`, in order. */
export async function* listObjects(
  api: GcsApi,
  prefix: string,
  options: ListOptions,
): AsyncGenerator<ObjectInfo | Prefix> {
  const { place } = api;
  const { after = "", delimiter, signal } = options;
  if (!prefix.isWellFormed()) return; // no key begins so
  const start = place.prefix + prefix;
  const last = place.prefix + after.toWellFormed();
  const follows = after !== "" && compareUtf8(last, start) >= 0;
  const call = { action: "list", key: prefix, backend: place.location };
  yield* listPages(
    options,
    async (maxEntries, pageToken) => {
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
          maxResults: follows && pageToken === undefined
            ? Math.min(PAGE, maxEntries + 1) // `after` itself may come first
            : maxEntries,
          pageToken,
          fields: FIELDS,
        },
        repeatable: true,
        signal,
      });
      const { items = [], prefixes = [], nextPageToken } = replyJson<Page>(reply, call);
      return {
        objects: items.map((item) => objectInfo(place, item)),
        groups: prefixes.map((name) => place.keyOf(name)),
        next: nextPageToken,
      };
    },
    (last, next) =>
      failure(
        `the store gives ${shown(next)} after ${shown(last)}, which is not byte order`,
        call,
        {
          code: "Unsupported",
          hint: "This does not look like Google Cloud Storage: check the endpoint.",
        },
      ),
  );
}

/** Where a listing that goes on after this name begins, at the latest. The store includes the name itself. */
function offsetAfter(name: string, delimiter: string | undefined): string {
  return delimiter !== undefined && name.endsWith(delimiter) ? `${name.slice(0, -1)}0` : name; // "0" follows "/"
}
