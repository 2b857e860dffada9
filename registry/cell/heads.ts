// Reads the heads of cells, from listings, and their records.
import {
  type Backend,
  isPrefix,
  type ObjectInfo,
  type Prefix,
  type StoredObject,
} from "../../core/backend.ts";
import type { RegistryError } from "../../core/errors.ts";
import {
  corruptRecord,
  type DecodedRecord,
  decodeRecord,
  MAX_RECORD_BYTES,
  TOMBSTONE_BYTES,
} from "../format/record_codec.ts";
import { itemAt } from "../../core/faults/present.ts";
import type { AnyRecord, VersionRecord } from "../../core/record.ts";
import { compareVersions, inRange, orderBounds } from "../../core/naming/versions.ts";
import type { Version, VersionRange } from "../../core/naming/versions.ts";
import type { OpeningStore, Store } from "./store.ts";
import {
  afterFolder,
  type CellKey,
  cellOf,
  decodeSegment,
  orderSegment,
  parseCellKey,
  parseGeneration,
  versionKindFolder,
} from "../format/layout.ts";

/** A record as it is listed: the newest of its cell, or an older one. */
export interface Head extends ObjectInfo {
  /** Number in its cell, from 1. */
  generation: number;
  /** True for a tombstone; false for damage, which reading reports. */
  dead: boolean;
  /** The stored record, if it was read with the listing. Can be used once. */
  object?: StoredObject;
}

export interface FoundRecord extends DecodedRecord {
  info: ObjectInfo;
  bytes?: Uint8Array;
}

/** A version found by a ref. */
export interface Located {
  cell: string;
  generation: number;
  head: Head;
  found: FoundRecord;
  record: VersionRecord;
}

/** Returns the record that a listed entry is; undefined for prefixes and foreign files. */
export function headIn(entry: ObjectInfo | Prefix): Head | undefined {
  const generation = isPrefix(entry) ? undefined : generationOf(entry.key);
  if (isPrefix(entry) || generation === undefined) return undefined;
  return { ...entry, generation, dead: entry.size === TOMBSTONE_BYTES };
}

/**
 * A cell as it was listed.
 *
 * @internal
 */
export interface ListedCell extends CellKey {
  /** Its newest record. */
  head: Head;
}

/** Yields the cells among the objects of a name, which are in the order of their keys. */
export function* cellsIn(entries: Iterable<ObjectInfo>): Generator<ListedCell> {
  let cell = "";
  for (const entry of entries) {
    if (cell !== "" && entry.key.startsWith(cell)) continue; // older
    const head = headIn(entry), key = parseCellKey(entry.key);
    if (head === undefined || key === undefined) continue;
    cell = key.cell;
    yield { ...key, head };
  }
}

/** Lists the records below a prefix, those of a cell newest first. */
export async function* listHeads(
  { backend }: { backend: Pick<Backend, "list"> },
  prefix: string,
  options: { after?: string; signal?: AbortSignal },
): AsyncGenerator<Head> {
  for await (const entry of backend.list(prefix, options)) {
    const head = headIn(entry);
    if (head !== undefined) yield head;
  }
}

function generationOf(key: string): number | undefined {
  return parseGeneration(key.slice(key.lastIndexOf("/") + 1));
}

/**
 * Reads the head of a cell, or of the first in a folder; undefined if none was ever written.
 *
 * @param voids keys of expired records, which do not count; writers pass none
 */
export async function readHead(
  { backend }: Pick<OpeningStore, "backend">,
  cell: string,
  signal?: AbortSignal,
  voids?: ReadonlySet<string>,
): Promise<Head | undefined> {
  const object = await backend.getFirst?.(cell, { signal });
  let first = object?.info;
  if (backend.getFirst === undefined) {
    for await (const entry of backend.list(cell, { limit: 1, signal })) first = entry as ObjectInfo;
  }
  if (first === undefined) return undefined;
  const newest = headIn(first);
  if (newest !== undefined && !voids?.has(newest.key)) return Object.assign(newest, { object });
  return await headBehind(backend, cell, { after: newest?.key ?? cell, voids, signal });
}

/** Finds a head that is listed after a foreign file, or after an expired record. */
async function headBehind(
  backend: Pick<Backend, "list">,
  cell: string,
  { after = cell, voids, signal }: {
    after?: string;
    voids?: ReadonlySet<string>;
    signal?: AbortSignal;
  },
): Promise<Head | undefined> {
  for await (const newest of listHeads({ backend }, cell, { after, signal })) {
    if (!voids?.has(newest.key)) return newest;
  }
}

/** Reads a record, by key or as found in its cell. Throws `Corrupt` for damage. */
export async function readRecord(
  store: Pick<OpeningStore, "backend">,
  at: string | Head,
  signal?: AbortSignal,
): Promise<FoundRecord | undefined> {
  const { key, object = await store.backend.get(key, { signal }) }: Partial<Head> & {
    key: string;
  } = typeof at === "string" ? { key: at } : at;
  if (object === undefined) return undefined;
  if (object.info.size > MAX_RECORD_BYTES) {
    await object.body.cancel().catch(() => {}); // not needed
    const { size } = object.info;
    throw corruptRecord(key, `size is ${size} bytes, the limit is ${MAX_RECORD_BYTES}`);
  }
  const bytes = await object.bytes();
  const { record, inline } = decodeRecord(bytes, key);
  if (record.generation !== generationOf(key)) throw misplaced(key, record);
  return { record, inline, info: object.info, bytes };
}

export function misplaced(key: string, { kind, generation }: AnyRecord): RegistryError {
  return corruptRecord(key, `generation ${generation} of kind "${kind}" belongs elsewhere`);
}

export function recordOfKind<K extends AnyRecord["kind"]>(
  object: FoundRecord,
  kind: K,
): Extract<AnyRecord, { kind: K }> {
  if (object.record.kind === kind) return object.record as Extract<AnyRecord, { kind: K }>;
  throw corruptRecord(object.info.key, `kind is "${object.record.kind}", not "${kind}"`);
}

interface HeadsOptions {
  deleted?: boolean;
  /** A key to begin after. */
  from?: string;
  /** A key to end after. */
  to?: string;
  /** Returns true for objects that are not of a cell. */
  isMark?(object: ObjectInfo): boolean;
  signal?: AbortSignal;
}

/** Yields the heads of all cells in a folder, newest version first, by default only live ones. */
export async function* liveHeads(
  store: Store,
  folder: string,
  { deleted, from: after, to, isMark, signal }: HeadsOptions = {},
): AsyncGenerator<Head> {
  let cell = "";
  for await (const entry of store.backend.list(folder, { firstPerFolder: true, after, signal })) {
    if (to !== undefined && !isPrefix(entry) && entry.key > to) return;
    if (isPrefix(entry) || isMark?.(entry)) continue;
    if (cell !== "" && entry.key.startsWith(cell)) continue; // older
    const its = cellOf(entry.key);
    // a foreign file may hide the head
    const head = headIn(entry) ?? await headBehind(store.backend, its, { signal });
    if (head === undefined || cellOf(head.key) !== its) continue;
    cell = its;
    if (!head.dead || deleted) yield head;
  }
}

/** Returns the head of a live version in the folder of a name. */
export async function anyVersion(
  store: Store,
  folder: string,
  signal?: AbortSignal,
): Promise<Head | undefined> {
  for await (const head of liveHeads(store, `${folder}versions/`, { signal })) {
    if (parseCellKey(head.key) !== undefined) return head;
  }
}

export interface VersionHead {
  version: Version;
  head: Head;
}

/** Versions of a name. */
export interface VersionSelection {
  range?: VersionRange;
  /** Only versions below this one, which may be missing. */
  after?: Version;
}

/** Yields the versions of a name, newest first, releases and prereleases merged; by default live. */
export function versionHeads(
  store: Store,
  name: string,
  { range, after, ...options }: VersionSelection & { deleted?: boolean; signal?: AbortSignal } = {},
): AsyncGenerator<VersionHead> {
  return newestFirst(store, name, { range, after }, async function* ({ folder, from, to }) {
    for await (const head of liveHeads(store, folder, { ...options, from, to })) {
      const version = decodeSegment(itemAt(head.key.split("/"), -2));
      if (version !== undefined) yield { version, head };
    }
  });
}

/** The part of a name in which its releases or prereleases are. */
export interface VersionKeys {
  folder: string;
  /** A key to begin after. */
  from?: string;
  /** A key to end after. */
  to?: string;
}

/** Merges what `read` finds of the releases and of the prereleases of a name, newest first. */
export async function* newestFirst<T extends { version: Version }>(
  { settings }: Pick<Store, "settings">,
  name: string,
  { range, after }: VersionSelection,
  read: (keys: VersionKeys) => AsyncGenerator<T>,
): AsyncGenerator<T> {
  const streams = versionKeys(name, { range, after }, settings.versioned).map(read);
  try {
    const next = await Promise.all(streams.map((stream) => stream.next()));
    for (;;) {
      const a: T | undefined = next[0]?.value, b: T | undefined = next[1]?.value;
      const isSecond = !a || b && compareVersions(a.version, b.version) < 0;
      const newer = isSecond ? b : a, first = isSecond ? 1 : 0;
      if (newer === undefined) return;
      if (range === undefined || inRange(newer.version, range)) yield newer;
      next[first] = await streams[first]!.next();
    }
  } finally {
    for (const stream of streams) await stream.return(undefined);
  }
}

function versionKeys(
  name: string,
  { range, after }: VersionSelection,
  versioned: boolean,
): VersionKeys[] {
  const kinds = versioned ? (["final", "prerelease"] as const) : (["single"] as const);
  return kinds.flatMap((kind) => {
    const folder = versionKindFolder(name, kind);
    const below = after && afterFolder(`${folder}${orderSegment(after, versioned)}/`);
    if (range === undefined || kind === "single") return [{ folder, from: below }];
    const bounds = orderBounds(range, kind === "prerelease");
    if (bounds === undefined) return [];
    const from = `${folder}${bounds.from}`;
    const to = `${folder}${bounds.to}\x7f`; // keys are ASCII
    return [{ folder, from: below !== undefined && below > from ? below : from, to }];
  });
}
