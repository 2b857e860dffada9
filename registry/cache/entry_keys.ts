// Where a cache keeps what. FORMAT.md says the same in words. Nothing that a person chose is in
// these keys: they are made of digests and ids.
import { isPrefix } from "../../core/backend.ts";
import type { Backend, ObjectInfo } from "../../core/backend.ts";
import { sha256 } from "../../core/bytes/digest.ts";
import type { SignalOptions } from "../../core/registry.ts";

/** Plain files by their SHA-256, of all registries. */
export const FILES = "files/";
/** Records by the id of their registry. */
export const RECORDS = "records/";
/** What was used when. */
export const USES = "uses/";

export const SECRET = "secret";

export function fileKey(digest: string): string {
  return `${FILES}${digest.slice(0, 2)}/${digest}`;
}

/** Where the records of a registry are. */
export function recordsOf(registryId: string): string {
  return `${RECORDS}${registryId}/`;
}

/**
 * What tells the records of one registry from all others: copies of it have its id, and lie elsewhere; where it was
 * restored from a backup, numbers may be used again, and its settings were written again.
 */
export interface CachedRegistry {
  id: string;
  location: string;
  /** The store's time of its settings, milliseconds. */
  createdAt: number;
  etag?: string;
}

export function recordEntryKey(
  { id, location, createdAt, etag = "" }: CachedRegistry,
  cell: string,
): string {
  const digest = sha256([location, createdAt, etag, cell].join("\n"));
  return `${recordsOf(id)}${digest.slice(0, 2)}/${digest}`;
}

const ID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}";
const ENTRY = "[0-9a-f]{2}/[0-9a-f]{64}";
const CACHED = new RegExp(`^(?:files/${ENTRY}|records/${ID}/${ENTRY}|uses/${ID})$`);

/** Lists the objects of a cache below one of its folders. Other objects are not the cache's: nobody counts or removes them. */
export async function* listCached(
  backend: Backend,
  folder: string,
  { signal }: SignalOptions = {},
): AsyncGenerator<ObjectInfo> {
  for await (const entry of backend.list(folder, { signal })) {
    if (!isPrefix(entry) && CACHED.test(entry.key)) yield entry;
  }
}
