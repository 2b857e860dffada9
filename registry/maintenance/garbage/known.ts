// What the janitor knows of a name: what was listed, and what its records say.
import { isPrefix, type ObjectInfo } from "../../../core/backend.ts";
import type { AnyRecord, ScrubbedRecord, TombstoneRecord } from "../../../core/record.ts";
import { asGeneration, type FoundRecord, type Generation } from "../../cell/heads.ts";
import type { PayloadObject } from "../../cell/objects.ts";
import { encodePlace, NAMES, OBJECTS, parseCellKey, parsePayloadKey } from "../../format/layout.ts";
import type { CellKey } from "../../format/layout.ts";
import type { SignalOptions } from "../../../core/registry.ts";
import type { Context } from "../../operations/context.ts";

/** A payload folder: what is in it, and when something was last written there. */
export interface Folder {
  objects: ObjectInfo[];
  newest: number;
}

export interface Cell {
  cell: string;
  kind: CellKey["kind"];
  /** Its generations, newest first. */
  generations: Generation[];
}

/** What is known of a name. */
export interface KnownName {
  name: string;
  cells: readonly Cell[];
  records: KnownRecords;
}

/** What is known of a record. */
export interface KnownRecord {
  kind: AnyRecord["kind"];
  /** Places of the payload that it refers to; absent where the list of its files is missing. */
  places?: readonly string[];
  /** The record itself, without its content, where it may not count: it landed late, and refers to payload. */
  late?: FoundRecord;
  /** Where sizes are measured: bytes of all its files, and where they are. */
  version?: { size: number; objects: readonly PayloadObject[] };
  /** What may be left of it, where it is a first generation that was just read. */
  remains?: ScrubbedRecord;
  times?: DeletionTimes;
}

export type DeletionTimes = Pick<TombstoneRecord, "startedAt" | "createdAt" | "since">;

/** What is known of the records of a name, by their key. */
export type KnownRecords = ReadonlyMap<string, KnownRecord>;

interface Listing extends SignalOptions {
  context: Context;
}

export async function listFolders(
  { context, signal }: Listing,
  name: string,
): Promise<Map<string, Folder>> {
  const folders = new Map<string, Folder>();
  for await (const entry of context.backend.list(`${OBJECTS}${name}/`, { signal })) {
    const key = isPrefix(entry) ? undefined : parsePayloadKey(entry.key);
    if (isPrefix(entry) || key === undefined) continue;
    const place = encodePlace(key);
    const folder = folders.get(place) ?? { objects: [], newest: 0 };
    folder.objects.push(entry);
    folder.newest = Math.max(folder.newest, entry.modifiedAt);
    folders.set(place, folder);
  }
  return folders;
}

export async function listCells({ context, signal }: Listing, name: string): Promise<Cell[]> {
  const cells = new Map<string, Cell>();
  for await (const entry of context.backend.list(`${NAMES}${name}/`, { signal })) {
    const key = isPrefix(entry) ? undefined : parseCellKey(entry.key);
    const head = isPrefix(entry) ? undefined : asGeneration(entry);
    if (key === undefined || head === undefined) continue;
    const { cell, kind } = key;
    const known = cells.get(cell);
    if (known === undefined) cells.set(cell, { cell, kind, generations: [head] });
    else known.generations.push(head);
  }
  return [...cells.values()];
}
