// The garbage collector's note about a name: the next run does not read records again whose listing
// is the same.
import type { ObjectInfo } from "../../../core/backend.ts";
import { isRegistryError } from "../../../core/errors.ts";
import { garbageNoteKey, NAMES } from "../../format/layout.ts";
import { decodeNote, encodeNote } from "../noted.ts";
import type { Collection } from "../collection.ts";
import type { KnownRecord, KnownRecords } from "./known.ts";
import { isObjectsText } from "./referred.ts";

export interface Note {
  /** Returns the noted facts of a record with this listing; undefined if it must be read. */
  find(entry: ObjectInfo): KnownRecord | undefined;
  /** Returns the keys of noted records that a list does not have, and that the mark is younger than. */
  unlisted(listed: readonly ObjectInfo[]): Promise<string[]>;
  save(listed: readonly ObjectInfo[], records: KnownRecords): Promise<void>;
}

type Entry = [
  size: number,
  modifiedAt: number,
  etag: string | null,
  kind: KnownRecord["kind"],
  ...objects: string[],
];

const MIN_RECORDS = 3;
const MAX_NOTE_BYTES = 64 * 1024 * 1024;
/**
 * Some stores have times in seconds, or two: a record that is overwritten after reading it must
 * show another time. So only records that were written this long before the mark are noted.
 */
const RACY_MS = 10_000;

export async function openNote(collection: Collection, name: string, count: number): Promise<Note> {
  const { context, signal, dryRun } = collection;
  const { backend, logger } = context;
  const key = garbageNoteKey(name);
  const folder = `${NAMES}${name}/`;
  const pathOf = (entry: ObjectInfo) => entry.key.slice(folder.length);
  const isRead = count >= MIN_RECORDS && collection.measure === undefined;
  const noted = isRead ? await attempt(read) : undefined;

  return {
    find(entry) {
      const [size, modifiedAt, etag, kind, ...objects] = noted?.get(pathOf(entry)) ?? [];
      if (size !== entry.size || modifiedAt !== entry.modifiedAt || etag !== (entry.etag ?? null)) {
        return undefined;
      }
      return { kind: kind!, objects };
    },
    async unlisted(listed) {
      const entries = isRead ? noted : await attempt(read);
      const paths = new Set(listed.map(pathOf));
      return [...entries ?? []]
        .filter(([path, [, modifiedAt]]) => !paths.has(path) && modifiedAt < collection.markAt())
        .map(([path]) => folder + path);
    },
    async save(listed, records) {
      if (dryRun || count < MIN_RECORDS) return;
      const entries = new Map<string, Entry>();
      for (const entry of listed) {
        const { kind, objects, late } = records.get(entry.key) ?? {};
        const { size, modifiedAt, etag = null } = entry;
        const isRacy = modifiedAt >= collection.markAt() - RACY_MS;
        if (kind === undefined || objects === undefined || late !== undefined || isRacy) continue;
        entries.set(pathOf(entry), [size, modifiedAt, etag, kind, ...objects]);
      }
      if (isSame(noted, entries)) return;
      const noteOf = { registry: context.id, name, records: Object.fromEntries(entries) };
      const bytes = encodeNote(noteOf);
      if (bytes.byteLength <= MAX_NOTE_BYTES) {
        await attempt(() => backend.put(key, bytes, { signal }));
      }
    },
  };

  async function read(): Promise<Map<string, Entry> | undefined> {
    const object = await backend.get(key, { signal });
    if (object === undefined) return undefined;
    if (object.info.size > MAX_NOTE_BYTES) return void await object.body.cancel();
    const note = decodeNote(await object.bytes()) as Partial<Record<string, unknown>> | null;
    const { registry, name: of, records } = note ?? {};
    // A note of another name may match the same listings, and must not release its payload.
    if (registry !== context.id || of !== name || typeof records !== "object" || records === null) {
      return undefined;
    }
    return new Map(
      Object.entries(records).filter((entry): entry is [string, Entry] => isEntry(entry[1])),
    );
  }

  async function attempt<T>(action: () => Promise<T>): Promise<T | undefined> {
    try {
      return await action();
    } catch (error) {
      signal?.throwIfAborted();
      if (!isRegistryError(error)) throw error;
      logger.warn(`collect garbage: the next run reads all of "${name}" again: ${error.message}`);
    }
  }
}

function isSame(noted: Map<string, Entry> | undefined, entries: Map<string, Entry>): boolean {
  if (noted?.size !== entries.size) return noted === undefined && entries.size === 0;
  return [...entries].every(([path, entry]) => String(noted.get(path)) === String(entry));
}

const KINDS: ReadonlySet<unknown> = new Set<KnownRecord["kind"]>([
  "version",
  "alias",
  "key",
  "note",
  "deleted",
  "scrubbed",
]);

function isEntry(value: unknown): value is Entry {
  if (!Array.isArray(value)) return false;
  const [size, modifiedAt, etag, kind, ...objects] = value;
  return Number.isFinite(size) && Number.isFinite(modifiedAt) &&
    (etag === null || typeof etag === "string") &&
    KINDS.has(kind) && objects.every(isObjectsText);
}
