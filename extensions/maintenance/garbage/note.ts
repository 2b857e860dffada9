// The garbage collector's note about a name. The next run does not read records again whose listing
// is the same, and removes unexplained payload only if this run found it unneeded, too.
import type { ObjectInfo } from "../../../backends/mod.ts";
import { isJsonObject, isRegistryError } from "../../../core/kernel.ts";
import { LAYOUT, type NameTable, RACY_MS } from "../../../registry/records.ts";
import type { Collection } from "./collection.ts";
import type { KnownRecord, KnownRecords } from "./known.ts";
import { isObjectsText } from "./referred.ts";
import { garbageNoteKey, garbageRecordsFolder } from "../garbage_keys.ts";

export interface Note {
  /** True if it was read with the records. */
  readonly isRead: boolean;
  /** Returns the noted facts of a record with this listing; undefined if it must be read. */
  find(entry: ObjectInfo): KnownRecord | undefined;
  /** Returns the keys of noted records that a list does not have, and that the mark is younger than. */
  unlisted(listed: readonly ObjectInfo[]): Promise<string[]>;
  /** Returns the folders of payload that earlier runs found unexplained, and the first one's mark. */
  unexplained(): Promise<Unexplained>;
  save(
    listed: readonly ObjectInfo[],
    known: { records: KnownRecords; unexplained: Unexplained },
  ): Promise<void>;
}

/** Times of the store by the place of a payload folder, milliseconds. */
export type Unexplained = ReadonlyMap<string, number>;

interface Noted {
  records: Map<string, Entry>;
  unexplained: Unexplained;
  /** The pages that have the records, if the name was large. */
  pages?: NameTable<Entry>;
}

type Entry = [
  size: number,
  modifiedAt: number,
  etag: string | null,
  kind: KnownRecord["kind"],
  ...objects: string[],
];

/** The least number of records that are noted: reading fewer again costs less. */
export const MIN_RECORDS = 3;
/** The records of a larger name are in a table of their own. */
const MAX_RECORDS = 100_000;
const MAX_NOTE_BYTES = 64 * 1024 * 1024;

export async function openNote(collection: Collection, name: string, count: number): Promise<Note> {
  const { context, signal, notes } = collection;
  const { logger } = context;
  const key = garbageNoteKey(name);
  const folder = `${LAYOUT.NAMES}${name}/`;
  const pathOf = (entry: ObjectInfo) => entry.key.slice(folder.length);
  const areMany = count >= MIN_RECORDS, isLarge = count > MAX_RECORDS;
  let reading: Promise<Noted | undefined> | undefined;
  const read = () => reading ??= attempt(() => readNote(collection, name));
  const noted = areMany && collection.measure === undefined ? await read() : undefined;

  return {
    isRead: noted !== undefined,
    find(entry) {
      const [size, modifiedAt, etag, kind, ...objects] = noted?.records.get(pathOf(entry)) ?? [];
      if (size !== entry.size || modifiedAt !== entry.modifiedAt || etag !== (entry.etag ?? null)) {
        return undefined;
      }
      return { kind: kind!, objects };
    },
    async unlisted(listed) {
      const { records = [] } = await read() ?? {};
      const paths = new Set(listed.map(pathOf));
      return [...records]
        .filter(([path, [, modifiedAt]]) => !paths.has(path) && modifiedAt < collection.markAt())
        .map(([path]) => folder + path);
    },
    unexplained: async () => (await read())?.unexplained ?? new Map(),
    async save(listed, { records, unexplained }) {
      if (!notes.areWritten) return;
      const before = await reading;
      const entries = areMany ? entriesOf(listed, records) : before?.records ?? new Map();
      if (isSame(before?.records, entries) && isSame(before?.unexplained, unexplained)) return;
      const pages = before?.pages ?? (isLarge ? await readPages(collection, name) : undefined);
      await pages?.save(isLarge ? entries : []);
      const note = {
        registry: context.id,
        name,
        records: isLarge ? {} : Object.fromEntries(entries),
        pages: isLarge || undefined,
        unexplained: unexplained.size > 0 ? Object.fromEntries(unexplained) : undefined,
      };
      await attempt(() => context.notes.write(key, note, { most: MAX_NOTE_BYTES, signal }), true);
    },
  };

  function entriesOf(listed: readonly ObjectInfo[], records: KnownRecords): Map<string, Entry> {
    const entries = new Map<string, Entry>();
    for (const entry of listed) {
      const noted = entryOf(entry, records, collection.markAt());
      if (noted !== undefined) entries.set(pathOf(entry), noted);
    }
    // Else the next run would not ask for the record that it names, and lists may omit that one.
    for (const { key } of listed) {
      const { target } = records.get(key) ?? {};
      if (target && !entries.has(target.slice(folder.length))) {
        entries.delete(key.slice(folder.length));
      }
    }
    return entries;
  }

  async function attempt<T>(action: () => Promise<T>, isPut = false): Promise<T | undefined> {
    try {
      return await action();
    } catch (error) {
      signal?.throwIfAborted();
      if (!isRegistryError(error)) throw error;
      if (isPut && !notes.areWritten) return; // one warning is enough
      // Another note would fail as well: the store is full, or denies it.
      if (isPut) notes.areWritten = error.retry !== "never";
      logger.warn(`collect garbage: the next run reads all of "${name}" again: ${error.message}`);
    }
  }
}

async function readPages(
  { context, signal }: Collection,
  name: string,
): Promise<NameTable<Entry>> {
  return await context.notes.table({ folder: garbageRecordsFolder(name), isEntry, signal });
}

async function readNote(collection: Collection, name: string): Promise<Noted | undefined> {
  const { context, signal } = collection;
  const note = await context.notes.read(garbageNoteKey(name), { most: MAX_NOTE_BYTES, signal });
  const { registry, name: of, records, unexplained, pages: hasPages } =
    (note?.value ?? {}) as Record<string, unknown>;
  // A note of another name may match the same listings, and must not release its payload.
  if (registry !== context.id || of !== name || !isJsonObject(records)) return undefined;
  // Even if few records are listed: the list may omit those that the pages have.
  const pages = hasPages === true ? await readPages(collection, name) : undefined;
  return {
    records: new Map([
      ...Object.entries(records).filter((entry): entry is [string, Entry] => isEntry(entry[1])),
      ...pages?.entries ?? [],
    ]),
    pages,
    unexplained: new Map(
      Object.entries(isJsonObject(unexplained) ? unexplained : {})
        .filter((entry): entry is [string, number] => Number.isFinite(entry[1])),
    ),
  };
}

/** Returns what the next run need not read again; undefined for a record that may change. */
function entryOf(
  { key, size, modifiedAt, etag }: ObjectInfo,
  records: KnownRecords,
  markAt: number,
): Entry | undefined {
  const { kind, objects, late } = records.get(key) ?? {};
  const isRacy = modifiedAt >= markAt - RACY_MS;
  if (kind === undefined || objects === undefined || late !== undefined || isRacy) return undefined;
  return [size, modifiedAt, etag ?? null, kind, ...objects];
}

function isSame<T extends Entry | number>(
  noted: ReadonlyMap<string, T> | undefined,
  entries: ReadonlyMap<string, T>,
): boolean {
  if (noted?.size !== entries.size) return noted === undefined && entries.size === 0;
  return [...entries].every(([path, entry]) => String(noted.get(path)) === String(entry));
}

const KINDS: KnownRecord["kind"][] = ["version", "alias", "key", "note", "deleted", "scrubbed"];

function isEntry(value: unknown): value is Entry {
  if (!Array.isArray(value)) return false;
  const [size, modifiedAt, etag, kind, ...objects] = value;
  return Number.isFinite(size) && Number.isFinite(modifiedAt) &&
    (etag === null || typeof etag === "string") &&
    KINDS.includes(kind) && objects.every(isObjectsText);
}
