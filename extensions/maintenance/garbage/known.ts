// The data that the garbage collector has on a name: listings and records.
import { isPrefix, type ObjectInfo } from "../../../backends/mod.ts";
import type { RegistryError } from "../../../core/kernel.ts";
import type {
  AnyRecord,
  CellKey,
  Head,
  ScrubbedRecord,
  TombstoneRecord,
} from "../../../registry/extending.ts";
import { headIn, LAYOUT, type Records } from "../../../registry/records.ts";

/** A payload folder: its objects, and the time of the last write to it. */
export interface Folder {
  objects: ObjectInfo[];
  newest: number;
}

export interface Cell {
  cell: string;
  kind: CellKey["kind"];
  /** Newest first. */
  generations: [Head, ...Head[]];
}

export interface KnownName {
  name: string;
  cells: readonly Cell[];
  records: KnownRecords;
}

/** Objects that a version keeps, and the ranges of them that its files use. */
export type Kept = Awaited<ReturnType<Records["readObjects"]>>;

export interface KnownRecord {
  kind: AnyRecord["kind"];
  /** Objects of its payload, encoded; absent if its list of files is missing or damaged. */
  objects?: readonly string[];
  /** Why its list of files cannot be read, although its objects are there. */
  damage?: RegistryError;
  /** The key of the record that a key's record names, if that was just read. */
  target?: string;
  /** The record without its content, if it may expire: it landed late and refers to payload. */
  late?: Awaited<ReturnType<Records["read"]>>;
  /** Bytes and objects of all files, if sizes are measured. */
  version?: Pick<Kept, "objects" | "ranges"> & { size: number };
  /** The record to keep of a first generation that was just read. */
  remains?: Remains;
  times?: DeletionTimes;
}

/** A record without its content: its format is that of this release. */
export type Remains = Omit<ScrubbedRecord, "format">;

export type DeletionTimes = Pick<TombstoneRecord, "startedAt" | "createdAt" | "since" | "by">;

export type KnownRecords = ReadonlyMap<string, KnownRecord>;

interface Listing {
  context: Records;
  signal?: AbortSignal;
}

export async function listFolders(
  { context, signal }: Listing,
  name: string,
): Promise<Map<string, Folder>> {
  const folders = new Map<string, Folder>();
  for await (const entry of context.backend.list(`${LAYOUT.OBJECTS}${name}/`, { signal })) {
    const key = isPrefix(entry) ? undefined : LAYOUT.parsePayloadKey(entry.key);
    if (isPrefix(entry) || key === undefined) continue;
    const place = LAYOUT.encodePlace(key);
    const folder = folders.get(place) ?? { objects: [], newest: 0 };
    folder.objects.push(entry);
    folder.newest = Math.max(folder.newest, entry.modifiedAt);
    folders.set(place, folder);
  }
  return folders;
}

export async function listCells({ context, signal }: Listing, name: string): Promise<Cell[]> {
  const cells = new Map<string, Cell>();
  for await (const entry of context.backend.list(`${LAYOUT.NAMES}${name}/`, { signal })) {
    const head = headIn(entry);
    const key = head && LAYOUT.parseCellKey(head.key);
    if (head === undefined || key === undefined) continue;
    const { cell, kind } = key;
    const known = cells.get(cell);
    if (known === undefined) cells.set(cell, { cell, kind, generations: [head] });
    else known.generations.push(head);
  }
  return [...cells.values()];
}
