// The base of a save: the version whose unchanged files are shared instead of uploaded.
import type { Part, StoredFile, VersionRecord } from "../../core/record.ts";
import { forEachAtOnce } from "../../core/work/at_once.ts";
import type { Store } from "../cell/store.ts";
import type { FoundRecord } from "../cell/heads.ts";
import { payloadKey } from "../format/layout.ts";
import type { Operation } from "../cell/operation.ts";
import { MIN_CUT_BYTES } from "../../core/bytes/content_chunks.ts";
import { isLate } from "../cell/voids.ts";
import { byPlace, type Known, KnownFiles } from "./known.ts";
import type { EarlierFile } from "./job_kinds.ts";
import { allParts, objectsOf, ownPlace, placeOf } from "../cell/objects.ts";

export interface Base {
  record: VersionRecord;
  key: string;
  found: FoundRecord;
  /** True if a save without changes may return it: same name, and it cannot expire. */
  readonly answers: boolean;
  readonly damaged: boolean;
  readonly known: ReadonlyMap<number, Known>;
  /** Its files that can share bytes with changed ones, for {@linkcode earlierAt}. */
  readonly earlier: Map<string, EarlierFile>;
  /** True for another name: files are copied inside the store, and do not depend on it. */
  readonly copies: boolean;
  copyAll(copy: CopyIntoPayload): Promise<void>;
  /** Returns the file with its stored bytes; undefined if the base has not, or has lost them. */
  share(file: StoredFile, copy: CopyIntoPayload): Promise<StoredFile | undefined>;
}

/** Copies an object into the payload that is being written, and returns its number there. */
export type CopyIntoPayload = (key: string) => Promise<number>;

export async function createBase(
  store: Store,
  found: FoundRecord,
  files: readonly StoredFile[],
  { name, expectsEqual, signal }: { name: string; expectsEqual: boolean; signal?: AbortSignal },
): Promise<Base> {
  const record = found.record as VersionRecord;
  const own = ownPlace(store, record);
  const known = new KnownFiles();
  let damaged = false;
  let earlier: Map<string, EarlierFile> | undefined;
  const objects = new Map<string, number>(); // size by key, of those that were inspected
  const copied = new Map<string, Promise<number>>();
  const copies = record.name !== name;
  const late = await isLate(store, found, signal);
  // A record that landed late may have lost its payload. Other names are copied, never shared.
  const usable = !late && (!copies || store.backend.copy !== undefined) ? files : [];
  usable.filter(({ parts }) => parts !== undefined).forEach((file) => known.add(file));
  return {
    record,
    key: found.info.key,
    found,
    answers: record.name === name && !(late && objectsOf(store, record).length > 0),
    get damaged() {
      return damaged;
    },
    copies,
    async copyAll(copy) {
      if (known.bySize.size === 0) return; // nothing may be taken
      const parts = files.flatMap((file) =>
        allParts(file).map((part) => ({ key: keyOf(file, part), part }))
      );
      await forEachAtOnce(parts, async ({ key, part }) => {
        if (await isThere(key, part)) await copyOnce(key, copy);
      });
    },
    known: known.bySize,
    get earlier() {
      const shared = known.bySize.size === 0 || copies ? [] : files;
      const place = { name: record.name, own, expectsEqual };
      return earlier ??= byPlace(shared.flatMap((file) => earlierOf(file, place)));
    },
    async share(file, copy) {
      const same = known.same(file);
      if (same === undefined) return undefined;
      const { encoding, parts, chunks, from = own } = same;
      for (const part of allParts(same)) {
        if (!await isThere(keyOf(same, part), part)) return undefined;
      }
      const facts = { ...file, ...(encoding === undefined ? {} : { encoding }) };
      if (!copies) return { ...facts, from, parts, ...(chunks && { chunks }) };
      const copyPart = (part: Part) => copyOnce(keyOf(same, part), copy);
      return { ...facts, ...await copiedParts(same, copyPart) };
    },
  };

  function keyOf(file: StoredFile, part: Part): string {
    return payloadKey(record.name, placeOf(file, part) ?? own, part.object);
  }

  async function copyOnce(key: string, copy: CopyIntoPayload): Promise<number> {
    if (!copied.has(key)) copied.set(key, copy(key));
    return await copied.get(key)!;
  }

  /** Checks the size of an object: a version that shares a lost one is unreadable. */
  async function isThere(key: string, { offset = 0, size }: Part): Promise<boolean> {
    // -1 if it does not exist: the object of an empty file has 0 bytes.
    if (!objects.has(key)) {
      objects.set(key, (await store.backend.head(key, { signal }))?.size ?? -1);
    }
    if (objects.get(key)! >= offset + size) return true;
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

/** Copies the parts of a file and its list of chunks. Returns where they are then. */
async function copiedParts(
  file: StoredFile,
  copyPart: (part: Part) => Promise<number>,
): Promise<Pick<StoredFile, "parts" | "chunks">> {
  const parts: Part[] = [];
  for (const part of allParts(file)) {
    const { from: _, ...rest } = part;
    parts.push({ ...rest, object: await copyPart(part) });
  }
  const chunks = file.chunks && parts.pop() as typeof file.chunks;
  return { parts, ...(chunks && { chunks }) };
}

/**
 * Returns true if a view is too old to rely on when the record is sent. A view from before the
 * first reply may have any age, because local clocks may have stopped.
 */
export function isStaleView(operation: Operation, view: "head" | "base"): boolean {
  const at = operation.views[view];
  if (at === undefined) return false;
  return operation.ageMs(at) > operation.deadlineMs / 2 ||
    (at.store === undefined && operation.replied);
}
