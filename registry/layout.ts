// Storage keys as programs that look at all records make and parse them: `LAYOUT.parseCellKey(key)`. FORMAT.md
// describes them byte by byte. Parsers return undefined for keys that no registry wrote.
import type { Version } from "../core/naming/versions.ts";
import * as layout from "./format/layout.ts";
import type {
  CellKey,
  LineageKey,
  PayloadKey,
  PayloadPlace,
  ReleaseMark,
} from "./format/layout.ts";
import { draftEndKey, type DraftKey, parseDraftKey } from "./operations/drafts/note.ts";

/** Folders at the top of a store, and folders of notes, each with its `/`. */
export interface Folders {
  readonly settings: string;
  /** Records of versions, aliases, notes and idempotency keys. */
  readonly names: string;
  /** Payload. */
  readonly objects: string;
  readonly scratch: string;
  readonly uploads: string;
  readonly drafts: string;
  readonly lineage: string;
  /** Ledgers and tables of mirrors. */
  readonly mirrors: string;
  /** Tables and notes of maintenance. */
  readonly garbageNotes: string;
  /** Notes of `verify`. */
  readonly readings: string;
  /** Folders that readers do not need, and those reserved for later releases. */
  readonly auxiliary: readonly string[];
}

/** Makes and parses storage keys. */
export interface Layout {
  readonly folders: Folders;
  /** The file that a long upload writes into its payload folder. */
  readonly aliveFile: string;
  /** The order segment of payload whose version is not known yet. */
  readonly unversioned: string;
  /** Returns the folder of all records of a name. */
  nameFolder(name: string): string;
  /** Returns the folder of all payload of a name. */
  objectsFolder(name: string): string;
  /** Returns the folder of the idempotency keys of a name. */
  keysFolder(name: string): string;
  /** Returns the folder of all tables of names in the folder of a source. */
  mirrorTablesFolder(source: string): string;
  /** Returns the first key after everything in a folder. */
  afterFolder(folder: string): string;
  /** Returns the cell that a record key is in. */
  cellOf(recordKey: string): string;
  versionCell(name: string, version: Version, versioned: boolean): string;
  /** Returns the cell of an idempotency key. */
  keyCell(name: string, key: string): string;
  /** Returns the cell of the version that payload belongs to; undefined for a part of a draft. */
  payloadCell(key: PayloadKey, versioned: boolean): string | undefined;
  recordKey(cell: string, generation: number): string;
  uploadKey(id: string, file: number): string;
  /** Returns the key of the object that decides how a draft ends. */
  draftEndKey(folder: string): string;
  /** Returns the key of a mark, whose time is the store's clock. */
  markKey(id: string): string;
  isMark(key: string): boolean;
  /** True for keys that interrupted uploads, collections and probes leave behind. */
  isLeftover(key: string): boolean;
  /** Returns the key that early programs wrote for names whose versions may be members of releases. */
  earlyReleasedMark(name: string): string;
  /** Returns the segment of a version, newest first. */
  orderSegment(version: Version, versioned: boolean): string;
  encodePlace(place: PayloadPlace): string;
  parsePlace(from: string): PayloadPlace;
  /** Returns the place of the payload of a draft's part. */
  draftPlace(commit: string): PayloadPlace;
  parseCellKey(key: string): CellKey | undefined;
  parseDraftKey(key: string): DraftKey | undefined;
  parseGeneration(file: string): number | undefined;
  parseLineageKey(key: string): LineageKey | undefined;
  parsePayloadKey(key: string): PayloadKey | undefined;
  parseReleasedMark(key: string): ReleaseMark | undefined;
}

/** The layout of every registry. */
export const LAYOUT: Layout = {
  ...layout,
  draftEndKey,
  parseDraftKey,
  aliveFile: layout.ALIVE,
  unversioned: layout.UNVERSIONED,
  folders: {
    settings: layout.SETTINGS,
    names: layout.NAMES,
    objects: layout.OBJECTS,
    scratch: layout.SCRATCH,
    uploads: layout.UPLOADS,
    drafts: layout.DRAFTS,
    lineage: layout.LINEAGE,
    mirrors: layout.MIRRORS,
    garbageNotes: layout.GARBAGE_NOTES,
    readings: layout.READINGS,
    auxiliary: layout.AUXILIARY,
  },
};
