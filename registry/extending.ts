// The border of the registry for extensions that read all records of a folder, a bucket or memory. Holdfast's own
// extensions also use `records.ts`.
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
  ScrubbedRecord,
  SettingsRecord,
  StoredFile,
  TombstoneRecord,
  VersionRecord,
} from "../core/record.ts";
export { cellsIn } from "./cell/heads.ts";
export type { Head } from "./cell/heads.ts";
export type { CellKey } from "./format/layout.ts";
export type { ListedName } from "./pass/pass_names.ts";

/**
 * The records of a registry. FORMAT.md describes them and their keys. Reads throw `Corrupt` for
 * damage.
 *
 * @internal
 */
interface RegistryRecords {
  /** Id of the registry. */
  readonly id: string;
  /** Returns the time of the store, milliseconds; that of this machine until the store has replied. */
  now(): number;
  /** Yields every name that has a record, with the keys of its objects. */
  pass(options?: RecordsPass): AsyncIterable<ListedName>;
  /** Finds the newest record of a cell; undefined if none was ever written. */
  head(cell: string, signal?: AbortSignal): Promise<Head | undefined>;
  /** Reads a record; undefined if it was collected meanwhile. */
  read(at: string | Head, signal?: AbortSignal): Promise<{ record: AnyRecord } | undefined>;
  /**
   * Reads the version in a cell; undefined if it is deleted or expired, or was never written. Pass
   * the newest record of the cell as `head` if you have it.
   */
  version(
    cell: string,
    options?: SignalOptions & { head?: Head },
  ): Promise<{ record: VersionRecord; head: Head } | undefined>;
  /** Returns the files of a version, without reading them yet. */
  files(record: VersionRecord, options: SignalOptions): {
    /** Yields the files some at a time. */
    slices(): AsyncIterable<readonly StoredFile[]>;
    /** Returns the file with a path. */
    find(path: string): Promise<StoredFile | undefined>;
  };
  /** Returns all payload objects that a version uses, each as its folder (`from` of a file) and its number. */
  readObjects(
    record: VersionRecord,
    options?: SignalOptions,
  ): Promise<{ objects: readonly (readonly [from: string, object: number])[] }>;
  /** Returns an error that concerns one place. Throws others, and all if the settings are unreadable too. */
  asPartial(error: unknown, signal?: AbortSignal): Promise<RegistryError>;
}

/** Returns the records of a registry that `openRegistry` opened here. Throws `Unsupported` for others. */
export function recordsOf(registry: Registry, action: string): RegistryRecords {
  return openRecords(registry, action);
}
