// The base of a save: the version whose unchanged files are shared instead of uploaded.
import type { Part, StoredBase, StoredFile, VersionRecord } from "../../core/record.ts";
import { forEachAtOnce } from "../../core/work/at_once.ts";
import { inTurns } from "../../core/work/next_turn.ts";
import type { Store } from "../cell/store.ts";
import { type FoundRecord, readHead } from "../cell/heads.ts";
import { cellOf, payloadKey } from "../format/layout.ts";
import type { Moment, Operation } from "../cell/operation.ts";
import { MIN_CUT_BYTES } from "../../core/bytes/content_chunks.ts";
import { isCompressed } from "./encoding.ts";
import { MIN_VALUED_BYTES } from "./sharing.ts";
import { isLate } from "../cell/voids.ts";
import { byPlace, type Known, KnownFiles, pointTo, type Shelf, storedAs } from "./known.ts";
import type { EarlierFile, ValueBase } from "./job_kinds.ts";
import { allParts, objectsOf, ownPlace, placeOf, withParts } from "../cell/objects.ts";

export interface Base extends Shelf {
  record: VersionRecord;
  key: string;
  found: FoundRecord;
  /** True if a save without changes may return it: same name, and it cannot expire. */
  readonly answers: boolean;
  readonly damaged: boolean;
  /** Digests of its files, by size. */
  readonly bySize: ReadonlyMap<number, Known>;
  /** True once the save uses its objects: the base must exist until the commit. */
  isShared: boolean;
  /** Its files that can share bytes with changed ones, for {@linkcode earlierAt}. */
  readonly earlier: Map<string, EarlierFile>;
  /** Its files whose values changed ones may be stored by, for {@linkcode earlierAt}. */
  readonly valued: Map<string, ValueBase>;
  /**
   * True for another name, and one that may not last: objects are copied inside the store, and do
   * not depend on it.
   */
  readonly copies: boolean;
  /** True if the save may refer to its objects. */
  readonly lends: boolean;
  /** Sizes of the objects that were inspected, by key; -1 if one does not exist. */
  readonly sizes: ReadonlyMap<string, number>;
  /** Inspects all objects at once, for a save that shares all files. */
  inspectAll(): Promise<void>;
}

interface BaseOptions {
  /** The name that is saved. */
  name: string;
  expectsEqual: boolean;
  /** True if its objects may not last. @default true for another name */
  copies?: boolean;
  signal?: AbortSignal;
}

export async function createBase(
  store: Store,
  object: FoundRecord,
  files: readonly StoredFile[],
  options: BaseOptions,
): Promise<Base> {
  const record = object.record as VersionRecord;
  const { name, expectsEqual, signal, copies = record.name !== name } = options;
  const own = ownPlace(store, record);
  const known = new KnownFiles();
  let damaged = false;
  let earlier: Map<string, EarlierFile> | undefined;
  let valued: Map<string, ValueBase> | undefined;
  const sizes = new Map<string, number>();
  const late = await isLate(store, object, signal);
  // A record that landed late may have lost its payload. Other names are copied, never shared.
  const usable = !late && (!copies || store.backend.copy !== undefined) ? files : [];
  for await (const file of inTurns(usable)) if (file.parts !== undefined) known.add(file);
  const base: Base = {
    record,
    key: object.info.key,
    found: object,
    answers: record.name === name && !(late && objectsOf(store, record).length > 0),
    get damaged() {
      return damaged;
    },
    copies,
    lends: !late && !copies,
    sizes,
    async inspectAll() {
      const keys = new Set<string>();
      for await (const file of inTurns(usable)) {
        for (const part of allParts(file)) keys.add(keyOf(file, part));
      }
      await forEachAtOnce(keys, inspect);
    },
    bySize: known.bySize,
    known: (size) => known.bySize.get(size),
    isShared: false,
    get earlier() {
      const shared = known.bySize.size === 0 || copies ? [] : files;
      const place = { name: record.name, own, expectsEqual };
      return earlier ??= byPlace(shared.flatMap((file) => earlierOf(file, place)));
    },
    get valued() {
      const shared = known.bySize.size === 0 || copies ? [] : files;
      return valued ??= byPlace(shared.flatMap((file) => valuedOf(file, record.name, own)));
    },
    async take(file) {
      const same = known.same(file);
      if (same === undefined) return false;
      const { parts, chunks, from = own } = same;
      for (const part of allParts(same)) {
        if (!await isThere(keyOf(same, part), part)) return false;
      }
      pointTo(file, { ...storedAs(same), from, parts, ...(chunks && { chunks }) });
      base.isShared ||= !copies;
      return true;
    },
  };
  return base;

  function keyOf(file: StoredFile, part: Part): string {
    return payloadKey(record.name, placeOf(file, part) ?? own, part.object);
  }

  async function inspect(key: string): Promise<number> {
    const size = sizes.get(key) ?? (await store.backend.head(key, { signal }))?.size ?? -1;
    sizes.set(key, size); // the object of an empty file has 0 bytes
    return size;
  }

  /** Checks the size of an object: a version that shares a lost one is unreadable. */
  async function isThere(key: string, { offset = 0, size }: Part): Promise<boolean> {
    if (await inspect(key) >= offset + size) return true;
    damaged = true;
    store.logger.warn(`"${key}" is damaged: its content is stored again`);
    return false;
  }
}

/** Returns a file with its path if its bytes can be shared, else nothing. */
function earlierOf(
  file: StoredFile,
  { name, own, expectsEqual }: { name: string; own: string; expectsEqual: boolean },
): [string, EarlierFile][] {
  const { path, size, parts = [], chunks, encoding } = file;
  if (size < MIN_CUT_BYTES || encoding !== undefined) return [];
  const located = <P extends Part>({ object, offset = 0, size, ...part }: P) => {
    const from = placeOf(file, part as P) ?? own;
    return { key: payloadKey(name, from, object), from, object, offset, size };
  };
  const list = chunks && { ...located(chunks), sha256: chunks.sha256 };
  const earlier = { size, parts: parts.map(located), ...(list && { chunks: list }), expectsEqual };
  return [[path, earlier]];
}

/** Returns a file with its path if others can be stored by its values, else nothing. */
function valuedOf(file: StoredFile, name: string, own: string): [string, ValueBase][] {
  const { path, size, encoding, parts } = file;
  if (size < MIN_VALUED_BYTES || parts === undefined || isCompressed(file)) return [];
  return [[path, { name, path, size, file: placedBase({ ...file, parts, encoding }, own) }]];
}

/** Returns a stored file as a base, whose parts all have their places. */
function placedBase(file: StoredBase & { from?: string }, own: string): StoredBase {
  const placed = <P extends Part>(part: P): P => ({ ...part, from: placeOf(file, part) ?? own });
  const { size, sha256, parts, chunks } = file;
  return withParts({ size, sha256, ...storedAs(file), parts, ...(chunks && { chunks }) }, placed);
}

/** True if a base still counts, by a recent lookup. */
export async function isLive(
  store: Store,
  operation: Operation,
  { key }: Pick<Base, "key">,
): Promise<boolean> {
  const { base } = operation.views;
  if (base === undefined || !isStaleView(operation, base)) return true;
  const seenAt = operation.moment();
  const head = await readHead(store, cellOf(key), operation.signal);
  // After a deletion the collector may have put the tombstone in the place of the record.
  if (head?.key !== key || head.dead) return false;
  operation.views.base = seenAt;
  return true;
}

/**
 * Returns true if a view is too old to rely on when the record is sent. A view from before the
 * first reply may have any age, because local clocks may have stopped.
 */
export function isStaleView(operation: Operation, at: Moment): boolean {
  return operation.ageMs(at) > operation.deadlineMs / 2 ||
    (at.store === undefined && operation.replied);
}
