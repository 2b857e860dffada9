// Listing.
import type { ListOptions, ObjectInfo, Prefix } from "../../core/backend.ts";
import { isPrefix } from "../../core/backend.ts";
import { compareUtf8 } from "../../core/bytes/bytes.ts";
import type { RegistryError } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import type { ListPage } from "./calls.ts";
import { call, keyFault, objectInfo } from "./store.ts";
import type { S3Store } from "./store.ts";

const PAGE = 1000;
/** No key begins so; some stores refuse to look. */
const NO_BEGINNING = /(^|\/)\.{0,2}\/|\0/;

/** The objects whose key begins with `prefix`, in UTF-8 byte order; a page of 1,000 is one request. */
export async function* listObjects(
  store: S3Store,
  prefix: string,
  { after = "", limit = Infinity, delimiter, signal }: ListOptions,
): AsyncGenerator<ObjectInfo | Prefix> {
  signal?.throwIfAborted();
  if (!prefix.isWellFormed() || NO_BEGINNING.test(prefix)) return;
  const input = {
    Prefix: store.prefix + prefix,
    ...(delimiter === undefined ? {} : { Delimiter: delimiter }),
    ...(after === "" ? {} : { StartAfter: store.prefix + after.toWellFormed() }),
  };
  let left = limit;
  let token: string | undefined;
  let last = after;
  while (left > 0) {
    const page = await call(store, "ListObjectsV2", {
      ...input,
      MaxKeys: Math.min(left, PAGE),
      ...(token === undefined ? {} : { ContinuationToken: token }),
    }, { action: "list", key: prefix, signal });
    for (const entry of entriesOf(store, page)) {
      const name = nameOf(entry);
      if (compareUtf8(name, after) <= 0 && after !== "") continue; // the group of `after`: said already
      if (last !== "" && compareUtf8(name, last) <= 0) throw unordered(store, prefix, last, name);
      last = name;
      yield entry;
      signal?.throwIfAborted();
      if (--left <= 0) return;
    }
    token = page.IsTruncated ? page.NextContinuationToken : undefined;
    if (token === undefined) return;
  }
}

/** Objects and groups of a page in one order; stores give them apart. */
function entriesOf(
  store: S3Store,
  { Contents = [], CommonPrefixes = [] }: ListPage,
): (ObjectInfo | Prefix)[] {
  const objects = Contents.map((entry) =>
    objectInfo(entry.Key!.slice(store.prefix.length), entry.Size ?? 0, entry)
  );
  if (CommonPrefixes.length === 0) return objects;
  const groups = CommonPrefixes.map(({ Prefix }) => ({
    prefix: Prefix!.slice(store.prefix.length),
  }));
  return [...objects, ...groups].sort((a, b) => compareUtf8(nameOf(a), nameOf(b)));
}

function nameOf(entry: ObjectInfo | Prefix): string {
  return isPrefix(entry) ? entry.prefix : entry.key;
}

function unordered(store: S3Store, prefix: string, last: string, next: string): RegistryError {
  return keyFault(store, prefix, {
    code: "Unsupported",
    action: "list",
    state: `the store gives ${shown(next)} after ${shown(last)}, which is no byte order`,
    hint:
      "Use a store whose listings are in UTF-8 byte order; directory buckets of S3 Express are not.",
  });
}
