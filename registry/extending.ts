// The border of the registry for extensions that look at all records: what they read of a registry that is open here,
// or in a folder or bucket. `records.ts` has what Holdfast's own extensions have beside it.
import type { RegistryError } from "../core/errors.ts";
import type { AnyRecord, StoredFile, VersionRecord } from "../core/record.ts";
import type { Registry, SignalOptions } from "../core/registry.ts";
import type { Head } from "./cell/heads.ts";
import type { ListedName, RecordsPass } from "./pass/pass_names.ts";
import { recordsOf as openRecords } from "./records/records_of.ts";

export type {
  AliasRecord,
  AnyRecord,
  KeyRecord,
  NoteRecord,
  Part,
  RecordBase,
  RestoredRecord,
  ScrubbedRecord,
  SettingsRecord,
  StoredFile,
  TombstoneRecord,
  VersionRecord,
} from "../core/record.ts";
export { cellsIn } from "./cell/heads.ts";
export type { Head, ListedCell } from "./cell/heads.ts";
export type { CellKey } from "./format/layout.ts";
export type { ListedName, RecordsPass } from "./pass/pass_names.ts";

/**
 * The records of a registry. FORMAT.md describes them and their keys. Reads throw `Corrupt` for
 * damage.
 */
export interface RegistryRecords {
  /** Id of the registry. */
  readonly id: string;
  /** Returns the time of the store, milliseconds, as far as it is known. */
  now(): number;
  /** Yields every name that has a record, with the keys of its objects. */
  pass(options?: RecordsPass): AsyncIterable<ListedName>;
  /** Finds the newest record of a cell; undefined if none was ever written. */
  head(cell: string, signal?: AbortSignal): Promise<Head | undefined>;
  /** Reads a record; undefined if it was collected meanwhile. */
  read(at: string | Head, signal?: AbortSignal): Promise<{ record: AnyRecord } | undefined>;
  /**
   * Reads the version of a cell, of which `head` is the newest record if it is known; undefined if it
   * is deleted, expired, or was never written.
   */
  version(
    cell: string,
    options?: SignalOptions & { head?: Head },
  ): Promise<{ record: VersionRecord; head: Head } | undefined>;
  /** Returns the files of a version, which are read when they are asked for. */
  files(record: VersionRecord, options: SignalOptions): {
    /** Yields the files some at a time. */
    slices(): AsyncIterable<readonly StoredFile[]>;
    /** Returns the file with a path. */
    find(path: string): Promise<StoredFile | undefined>;
  };
  /** Returns all payload objects that a version keeps: the folder, as in `from` of a file, and the number. */
  readObjects(
    record: VersionRecord,
    options?: SignalOptions,
  ): Promise<{ objects: readonly (readonly [from: string, object: number])[] }>;
  /** Returns the failure of one place. Throws others, and if the settings are unreadable too. */
  asPartial(error: unknown, signal?: AbortSignal): Promise<RegistryError>;
}

/** Returns the records of a registry. Throws `Unsupported` unless `openRegistry` opened it here. */
export function recordsOf(registry: Registry, action: string): RegistryRecords {
  return openRecords(registry, action);
}
