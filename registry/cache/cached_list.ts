// The list of files of a version, by way of the cache.
import { sha256 } from "../../core/bytes/digest.ts";
import type { VersionRecord } from "../../core/record.ts";
import { FileList, type FileListOptions } from "../cell/file_list.ts";
import { getPart } from "../cell/part_runs.ts";
import type { Store } from "../cell/store.ts";
import type { RegistryCache } from "./cache.ts";
import { cachedBytes } from "./cached_reader.ts";
import { fileKey } from "./entries.ts";

/** Pages of each kind that a list keeps: programs read files that lie side by side. */
const KEPT_PAGES = 8;

/** Returns the list of files of a record, whose objects come from the cache if it has them. */
export function cachedList(
  store: Store & { cache?: RegistryCache },
  record: VersionRecord,
  signal?: AbortSignal,
): FileList {
  const { cache, backend } = store;
  const read: FileListOptions["read"] = async (key, part) => {
    const { sha256: digest, size } = part;
    const cached = cache && await cachedBytes(cache, { sha256: digest, size }, "integrity");
    if (cached !== undefined) return cached;
    const bytes = await (await getPart(backend, key, part, { signal }))?.bytes();
    if (bytes !== undefined && cache !== undefined && sha256(bytes) === digest) {
      cache.keep(fileKey(digest), bytes);
    }
    return bytes;
  };
  return new FileList(store, record, { read, keep: KEPT_PAGES, signal });
}
