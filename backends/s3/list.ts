// Listings.
import type { ListOptions, ObjectInfo, Prefix } from "../../core/backend.ts";
import { listPages } from "../bucket/list.ts";
import { call, keyFault, objectInfo, type S3Store } from "./store.ts";

/** Prefixes that no key has; some stores reject them. */
const NO_BEGINNING = /(^|\/)\.{0,2}\/|\0/;

/** Yields the objects whose key begins with `prefix`, in UTF-8 byte order, 1,000 per request. */
export async function* listObjects(
  store: S3Store,
  prefix: string,
  options: ListOptions,
): AsyncGenerator<ObjectInfo | Prefix> {
  const { after = "", delimiter, signal } = options;
  signal?.throwIfAborted();
  if (!prefix.isWellFormed() || NO_BEGINNING.test(prefix)) return;
  const input = {
    Prefix: store.prefix + prefix,
    ...(delimiter === undefined ? {} : { Delimiter: delimiter }),
    ...(after === "" ? {} : { StartAfter: store.prefix + after.toWellFormed() }),
  };
  const listing = { ...options, root: store.prefix, prefix };
  yield* listPages(listing, async (keyOf, MaxKeys, ContinuationToken) => {
    const token = ContinuationToken === undefined ? {} : { ContinuationToken };
    const settings = { action: "list", key: prefix, signal };
    const page = await call(store, "ListObjectsV2", { ...input, MaxKeys, ...token }, settings);
    const { Contents = [], CommonPrefixes = [], IsTruncated, NextContinuationToken } = page;
    return {
      objects: Contents.map((entry) => objectInfo(keyOf(entry.Key), entry.Size ?? NaN, entry)),
      groups: CommonPrefixes.map(({ Prefix }) => keyOf(Prefix)),
      next: IsTruncated ? NextContinuationToken : undefined,
    };
  }, (state) =>
    keyFault(store, prefix, {
      code: "Unsupported",
      action: "list",
      state,
      hint: "Use a store that lists in UTF-8 byte order, not a directory bucket of S3 Express, " +
        "without a gateway in front of it.",
    }));
}
