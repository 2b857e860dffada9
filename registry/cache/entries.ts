// The keys of a cache, which contain only digests and ids, and clearing it.
// docs/format_on_disk.md describes them.
import { type Backend, isPrefix, type ObjectInfo } from "../../core/backend.ts";
import { sha256 } from "../../core/bytes/digest.ts";
import type { CacheOptions, ClearCacheReport, SignalOptions } from "../../core/registry.ts";
import type { System } from "../../core/system.ts";

/** Plain files by their SHA-256, of all registries. */
export const FILES = "files/";
/** Records by the id of their registry. */
export const RECORDS = "records/";
/** The indexes of the search of services, which write them, by a digest of their registry. */
const SEARCH = "search/";
/** Logs of the last uses. */
export const USES = "uses/";
/** All entries. Unfinished ones are outside of these folders. */
const ALL = [FILES, RECORDS, SEARCH];

export const SECRET = "secret";

/** The unit in which most disks allocate. */
const BLOCK_BYTES = 4096;

/** Returns the bytes that an entry takes: whole blocks on a disk, where records are much smaller. */
export function takenBytes({ kind }: Backend, size: number): number {
  return kind === "local" ? Math.ceil(size / BLOCK_BYTES) * BLOCK_BYTES : size;
}

export function fileKey(digest: string): string {
  return `${FILES}${digest.slice(0, 2)}/${digest}`;
}

const recordsOf = (registryId: string) => `${RECORDS}${registryId}/`;

/**
 * Identifies the records of one registry. Copies of it have the same id at another location; after
 * a restore, versions may be saved anew, but the settings have another time or etag.
 */
export interface CachedRegistry {
  id: string;
  location: string;
  /** Time of the store when the settings were written, milliseconds. */
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
const INDEX = `search/[0-9a-f]{32}/(?:index|${ID}\\.blocks)`;
const CACHED = new RegExp(`^(?:files/${ENTRY}|records/${ID}/${ENTRY}|uses/${ID}|${INDEX})$`);

/** Lists the objects of a cache in one of its folders. Ignores foreign objects. */
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
  /** Id of the only registry whose records are removed. Keeps all files. @default everything */
  registryId?: string;
  /** Environment that locates the cache. @default the real one */
  system?: System;
}

/** The contents of the cache on this machine. */
export interface CacheReport {
  /** Its folder; absent if the cache is disabled. */
  path?: string;
  problem?: string;
  files: number;
  bytes: number;
}

/**
 * Removes the entries of a cache, also unfinished ones, and no other objects. Programs may use it
 * meanwhile: what they are writing is then not cached.
 */
export async function clearEntries(
  backend: Backend,
  { registryId, signal }: Pick<ClearCacheOptions, "registryId" | "signal">,
): Promise<ClearCacheReport> {
  const remove = (key: string) => backend.delete(key, { signal });
  const folders = registryId === undefined ? ALL : [recordsOf(registryId)];
  const report = await countEntries(backend, folders, { signal }, remove);
  if (registryId === undefined) await countEntries(backend, [USES], { signal }, remove);
  return report;
}

export async function measureEntries(
  backend: Backend,
  options: SignalOptions,
): Promise<ClearCacheReport> {
  return await countEntries(backend, ALL, options);
}

async function countEntries(
  backend: Backend,
  folders: readonly string[],
  options: SignalOptions,
  use?: (key: string) => Promise<void>,
): Promise<ClearCacheReport> {
  const report: ClearCacheReport = { files: 0, bytes: 0 };
  const count = (size = 0) => {
    report.files++;
    report.bytes += takenBytes(backend, size);
  };
  for (const folder of folders) {
    for await (const { key, size } of listCached(backend, folder, options)) {
      await use?.(key);
      count(size);
    }
  }
  const sweep = { olderThan: Infinity, dryRun: use === undefined, ...options };
  const unfinished = folders === ALL ? backend.sweepUploads?.(sweep) : undefined;
  for await (const { size } of unfinished ?? []) count(size);
  return report;
}
