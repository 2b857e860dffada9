// What the janitor knows of a name: what was listed, and what its records say.
import type { ObjectInfo } from "../../../core/backend.ts";
import type { AnyRecord, ScrubbedRecord, TombstoneRecord } from "../../../core/record/record.ts";
import type { FoundRecord, Generation } from "../../cell/heads.ts";
import type { CellKey } from "../../layout.ts";
import type { PayloadObject } from "../../payload/objects.ts";

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
