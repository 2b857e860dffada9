// Caches records, for named versions in registries whose versions are never overwritten. Every
// other record is read from the store.
import { sameBytes } from "../../core/bytes/bytes.ts";
import { isRegistryError } from "../../core/errors.ts";
import { decodeRecord } from "../format/record_codec.ts";
import type { Ref } from "../../core/naming/refs.ts";
import type { ReadOptions, Verify } from "../../core/registry.ts";
import { parseVersion } from "../../core/naming/versions.ts";
import { isLate } from "../cell/voids.ts";
import type { Store } from "../cell/store.ts";
import { cellOf, recordKey, SETTINGS, versionCell } from "../format/layout.ts";
import { type Located, readHead, type VersionHead } from "../cell/heads.ts";
import type { NoteKeeper } from "../payload/unfinished.ts";
import { type CacheParts, RegistryCache } from "./cache.ts";
import type { RecordEntry, SeenHead } from "./seal.ts";

export interface CachingStore extends Store {
  readonly cache?: RegistryCache;
  /** Opens what keeps the notes of saves on this machine, also where nothing is cached. */
  openNotes?(): RegistryCache | undefined;
  readonly verify: Verify;
}

const MAX_RECORD_BYTES = 1024 * 1024;
/** A cached record is used this long without asking the store, which remembers deletions longer. */
const TRUSTED_MS = 7 * 24 * 3_600_000;

/** Returns the cache of a registry whose records may be cached. */
function cacheOf({ cache, settings }: CachingStore): RegistryCache | undefined {
  return settings.versioned && !settings.mutable ? cache : undefined;
}

/**
 * Returns the version that a ref names, from the cache. With `verify: "full"`, and at intervals
 * otherwise, a listing must show the same record as the head: it may have been deleted elsewhere.
 */
export async function locateCached(
  store: CachingStore,
  ref: Ref,
  options: ReadOptions,
): Promise<Located | undefined> {
  const cache = cacheOf(store);
  const { name, selector } = ref;
  if (cache === undefined || selector.kind !== "version") return undefined;
  const { verify = store.verify, signal } = options;
  const cell = versionCell(name, selector.version, true);
  if (cache.forgotten.has(cell)) return undefined;
  signal?.throwIfAborted();
  const entry = await cache.getRecord(cell);
  const located = entry && await decodeEntry(cache, cell, entry);
  if (located === undefined) return undefined;
  const seen = cache.seen(cell);
  if (seen !== undefined && !isSameHead(located.head, seen)) {
    return void await cache.removeRecord(cell);
  }
  const due = isDue(entry!, store.system.now());
  if (verify !== "full" && !due) return located;
  const head = await readHead(store, cell, signal, store.voids);
  if (!isSameHead(located.head, head)) return void await cache.removeRecord(cell);
  if (due) cache.keepRecord(cell, entry!);
  return located;
}

/** Notes the head of a version as a list shows it: a cached record must be the same. */
export function noteListed(store: CachingStore, { head }: VersionHead): void {
  cacheOf(store)?.note(cellOf(head.key), head);
}

/**
 * Compares the cached record of a version with the one that the store has, which was just read, and
 * forgets it if they differ. Another record of the same generation shows that the store was
 * restored to an earlier state: then everything that is cached of it is forgotten.
 */
export async function compareWithStore(
  store: CachingStore,
  cell: string,
  located: Located | undefined,
): Promise<void> {
  const cache = cacheOf(store);
  if (cache === undefined) return;
  if (located !== undefined) cache.note(cell, located.head);
  const entry = await cache.getRecord(cell);
  const cached = entry && await decodeEntry(cache, cell, entry);
  if (cached === undefined || cached.record.commit === located?.record.commit) return;
  if (located === undefined || located.generation > cached.generation) {
    return await cache.removeRecord(cell);
  }
  const ref = `${located.record.name}@${located.record.version}`;
  store.logger.warn(`cache: the store has another value for "${ref}": was it restored?`);
  await cache.forgetAll();
}

/** Returns true if the last comparison with the store is too old, or was made by a wrong clock. */
function isDue({ checkedAt }: RecordEntry, now: number): boolean {
  return checkedAt > now || now - checkedAt > TRUSTED_MS;
}

async function decodeEntry(
  cache: RegistryCache,
  cell: string,
  { head: seenHead, bytes }: RecordEntry,
): Promise<Located | undefined> {
  const { generation } = seenHead;
  const key = recordKey(cell, generation);
  try {
    const { record, inline } = decodeRecord(bytes, key);
    if (
      record.kind === "version" &&
      versionCell(record.name, parseVersion(record.version), true) === cell
    ) {
      const head = { ...seenHead, key, dead: false };
      return { cell, generation, record, head, found: { record, inline, info: head } };
    }
  } catch (error) {
    if (!isRegistryError(error, "Corrupt", "Unsupported")) throw error;
  }
  await cache.removeRecord(cell, "it is another record");
}

/**
 * Caches the record of a named version that was just read, unless it landed late: it may expire.
 */
export async function keepRecord(
  store: CachingStore,
  { selector }: Ref,
  { cell, found, head }: Located,
): Promise<void> {
  if (selector.kind !== "version") return;
  const cache = cacheOf(store);
  const { bytes } = found;
  if (cache === undefined || bytes === undefined || bytes.byteLength > MAX_RECORD_BYTES) return;
  if (
    cache.forgotten.has(cell) || await isLate(store, found) ||
    await isLate(store, { ...found, info: head })
  ) return;
  cache.keepRecord(cell, { head, bytes });
}

/** Removes a record from the cache. From now on, this handle reads the cell from the store. */
export async function forgetRecord(store: CachingStore, cell: string): Promise<void> {
  const cache = cacheOf(store);
  cache?.forgotten.add(cell);
  await cache?.removeRecord(cell);
}

/** Writes above a record, which is forgotten even if the write fails. */
export async function whileForgetting<T>(
  store: CachingStore,
  cell: string,
  write: () => Promise<T>,
): Promise<T> {
  cacheOf(store)?.forgotten.add(cell);
  try {
    return await write();
  } finally {
    await forgetRecord(store, cell); // another program may have cached it meanwhile
  }
}

/** Returns true if a listing shows the cached record: records never change. */
function isSameHead(cached: SeenHead, head: SeenHead | undefined): boolean {
  const members = ["generation", "size", "modifiedAt", "etag"] as const;
  return head !== undefined && members.every((name) => head[name] === cached[name]);
}

/** A registry that is not open yet is known by its location alone. */
const UNKNOWN = { id: "00000000-0000-0000-0000-000000000000", createdAt: 0 };

/**
 * Reads the settings of a registry that is opened for reading, and keeps them. If the store does
 * not answer, returns those of the last time, with which cached versions can be loaded.
 */
export async function readOrRecall<T extends object>(
  { location, ...parts }: Omit<CacheParts, "registry"> & { location: string },
  read: () => Promise<T>,
): Promise<T> {
  const cache = new RegistryCache({ ...parts, registry: { ...UNKNOWN, location } });
  const recalled = async () => (await cache.getRecord(SETTINGS))?.bytes;
  try {
    const settings = await read();
    const bytes = new TextEncoder().encode(JSON.stringify(settings));
    const last = await recalled();
    if (!sameBytes(last, bytes)) {
      const head = { generation: 1, size: bytes.byteLength, modifiedAt: 0 };
      cache.keepRecord(SETTINGS, { head, bytes });
      await cache.close();
    }
    return settings;
  } catch (error) {
    const last = isRegistryError(error, "Unavailable") ? await recalled() : undefined;
    if (last === undefined) throw error;
    parts.logger.warn(`${location} does not answer: only cached versions can be loaded`);
    return JSON.parse(new TextDecoder().decode(last));
  }
}

/** Returns a keeper of a note about the saves of a name, beside the cached records. */
export function noteKeeper(
  notes: RegistryCache | undefined,
  kind: "unfinished" | "seen",
  name: string,
): NoteKeeper | undefined {
  const cell = `${kind}/${name}`;
  return notes && {
    location: notes.location,
    read: async () => (await notes.getRecord(cell))?.bytes,
    write: async (bytes) => {
      const head = { generation: 0, size: bytes.byteLength, modifiedAt: 0 };
      await notes.keepRecord(cell, { head, bytes });
    },
    remove: () => notes.removeRecord(cell),
  };
}
