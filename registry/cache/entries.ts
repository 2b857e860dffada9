// Where a cache keeps what, and emptying it. FORMAT.md says the same in words. Nothing that a person
// chose is in these keys: they are made of digests and ids.
import { type Backend, isPrefix, type ObjectInfo } from "../../core/backend.ts";
import { sha256 } from "../../core/bytes/digest.ts";
import type { CacheOptions, ClearCacheReport, SignalOptions } from "../../core/registry.ts";
import type { System } from "../../core/system.ts";

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

/** Options of `clearCache`. */
export interface ClearCacheOptions extends SignalOptions, Pick<CacheOptions, "path" | "backend"> {
  /** Only the records of this registry, by its id. Files belong to all registries and stay. @default everything */
  registryId?: string;
  /** The environment that says where the cache is. @default the real one */
  system?: System;
}

/** Options of `inspectCache`. */
export interface InspectCacheOptions extends SignalOptions, Pick<CacheOptions, "path"> {
  /** The environment that says where the cache is. @default the real one */
  system?: System;
}

/** What a cache on this machine holds. */
export interface CacheReport {
  /** Its folder; absent where none may be used. */
  path?: string;
  problem?: string;
  files: number;
  bytes: number;
}

/** Removes what a cache holds, and nothing else that may lie there. Programs that use it go on, and fill it again. */
export async function clearEntries(
  backend: Backend,
  { registryId, signal }: Pick<ClearCacheOptions, "registryId" | "signal">,
): Promise<ClearCacheReport> {
  const report: ClearCacheReport = { files: 0, bytes: 0 };
  const entries = registryId === undefined ? [FILES, RECORDS] : [recordsOf(registryId)];
  for (const folder of entries) await remove(folder, report);
  if (registryId === undefined) await remove(USES);
  return report;

  async function remove(folder: string, counted?: ClearCacheReport): Promise<void> {
    for await (const entry of listCached(backend, folder, { signal })) {
      await backend.delete(entry.key, { signal });
      if (counted === undefined) continue;
      counted.files++;
      counted.bytes += entry.size;
    }
  }
}

export async function measureEntries(
  backend: Backend,
  { signal }: SignalOptions,
): Promise<ClearCacheReport> {
  const report: ClearCacheReport = { files: 0, bytes: 0 };
  for (const folder of [FILES, RECORDS]) {
    for await (const { size } of listCached(backend, folder, { signal })) {
      report.files++;
      report.bytes += size;
    }
  }
  return report;
}
