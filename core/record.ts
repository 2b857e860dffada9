// Records: the small objects whose creation is a commit. FORMAT.md describes them byte by byte.
import type { Locking } from "./backend.ts";
import type { Author } from "./naming/author.ts";

/** Path and content of a file in an artifact. */
export interface FileInfo {
  /** Relative path with `/`, without `.` and `..` segments. */
  path: string;
  size: number;
  /** SHA-256 of the uncompressed file, 64 lowercase hexadecimal digits. */
  sha256: string;
  mediaType?: string;
  /** Absent for ordinary files. The content of a `link` is its target; a `folder` has none. */
  mode?: FileMode;
  /**
   * Last modification (of a link itself), ISO 8601 in UTC with milliseconds, if it was kept. It is
   * part of the digest.
   */
  modifiedAt?: string;
}

/** The kind of a file that is not ordinary. */
export type FileMode = "executable" | "link" | "folder";

/** A file in a record, with the place of its bytes: `inline` or in `parts`. */
export interface StoredFile extends FileInfo {
  /** The compression of the stored bytes, or `values`: what differs from a base, in byte planes. */
  encoding?: Encoding | "values";
  /** `<order>/<commit>` of the payload folder of its parts and chunks. @default that of the record */
  from?: string;
  parts?: Part[];
  /** Location of the list of its chunks, if it has one. */
  chunks?: Part & { sha256: string };
  /** Present if its encoding is `values`. */
  values?: StoredValues;
  /** Position of the stored bytes after the record's first line. */
  inline?: [offset: number, length: number];
}

/** The compression of stored bytes. */
export type Encoding = "gzip" | "zstd";

/**
 * How a file is stored by values. Its parts have the planes of its groups.
 *
 * @internal
 */
export interface StoredValues {
  /** Location of the list of its groups. */
  groups: Part & { sha256: string };
  /** An earlier file, of the same name of an artifact. */
  base?: StoredBase;
  /** Number of saves since the first file of its chain, from 1. Present with a base. */
  step?: number;
}

/**
 * The base of a file. Each part of it, and of what it is made from, has its `from`.
 *
 * @internal
 */
export interface StoredBase
  extends Pick<StoredFile, "size" | "sha256" | "encoding" | "chunks" | "values"> {
  parts: Part[];
}

/** A range of a payload object. */
export interface Part {
  object: number;
  /** @default 0 */
  offset?: number;
  size: number;
  /** SHA-256 of the stored bytes, if the file is compressed. */
  sha256?: string;
  /** `<order>/<commit>` of the object's payload folder. @default that of the file */
  from?: string;
}

/** A page of a long list of files: a payload object. */
export interface FilePage extends Part {
  sha256: string;
  /** Path of its first file. */
  first: string;
  /** Number of its files, also those of pages below it. */
  files: number;
  /** Bytes of these files. */
  bytes: number;
}

/**
 * Members of every record.
 *
 * @internal
 */
export interface RecordBase {
  /**
   * `holdfast/1`; `holdfast/1-pages` for a version whose list of files is in pages;
   * `holdfast/1-values` for one with files that are stored by values, in pages or not
   */
  format: string;
  /** Number in its cell, from 1. */
  generation: number;
  /** Id of the operation that wrote it, a UUIDv7. */
  commit: string;
  /** Commit of the previous generation, if there is one. */
  previous?: string;
  /** Start of the operation by the store's clock, ISO 8601. */
  startedAt: string;
  /** Creation of the record, or of a mirrored original, by its writer's clock, ISO 8601. */
  createdAt: string;
  /** The author, if known. A mirrored record has that of the original. */
  by?: Author;
}

/** A ref that a version was made from, with its digest at that time if known. */
export type ArtifactInput = string | {
  ref: string;
  /** 64 lowercase hexadecimal digits. */
  digest?: string;
};

/** The record of a version. */
export interface VersionRecord extends RecordBase {
  kind: "version";
  name: string;
  /** With build metadata. */
  version: string;
  materializer: { id: string; formatVersion: number };
  metadata: Record<string, unknown>;
  inputs?: ArtifactInput[];
  /** Empty if there is a `fileList`. */
  files: StoredFile[];
  /**
   * Location of a long list of files: the JSON of `files` as a payload object, or with `levels` the
   * topmost page of a list in pages, which has `files` files.
   */
  fileList?: Part & { sha256: string; levels?: number; files?: number };
  /** See {@linkcode artifactDigest}. */
  digest: string;
  size: number;
  key?: string;
  origin?: Origin;
  /** First save of the version if this record replaces another, ISO 8601. */
  since?: string;
  /** When its content was deleted and restored, oldest first. */
  restored?: RestoredRecord[];
}

/**
 * A deletion of a version that was undone.
 *
 * @internal
 */
export interface RestoredRecord {
  /** Commit of the record that was restored. */
  commit: string;
  /** ISO 8601. */
  deletedAt: string;
  /** ISO 8601. */
  restoredAt: string;
  /** The author of the deletion, if known. */
  deletedBy?: Author;
  /** The author of the restore, if known. */
  restoredBy?: Author;
}

/** The first record of mirrored data. Mirrors of mirrors keep it. */
export interface Origin {
  registry: string;
  commit: string;
}

/** The record of an alias. */
export interface AliasRecord extends RecordBase {
  kind: "alias";
  name: string;
  alias: string;
  version: string;
  /** Commit of the content that met the conditions of a rule: of the version's `origin`, or its own. */
  checked?: string;
  origin?: Origin;
}

/** The record of an idempotency key of a save. */
export interface KeyRecord extends RecordBase {
  kind: "key";
  name: string;
  key: string;
  /** The version that was tried or found, and the generation of its cell. */
  target: { version: string; generation: number };
  /** The commit found there, if the save had nothing to write: its result. */
  existing?: string;
  /** The aliases that the save sets, and the generations of their cells before: 0 for a new one. */
  aliases?: readonly (readonly [alias: string, generation: number])[];
}

/** The record of the settings of a registry. */
export interface SettingsRecord extends RecordBase {
  kind: "settings";
  /** Id of the registry. Absent in the first generation, whose commit is the id. */
  registry?: string;
  settings: RegistrySettings & {
    rules?: RetentionRule[];
    share?: "values" | "bytes" | "files";
  };
}

/** A rule for the names that match a pattern: the versions that `prune` keeps, or protection. */
export interface RetentionRule {
  /** A name, or a pattern in which each `*` matches any string: `runs:*`. */
  pattern: string;
  /** Keep this number of the newest versions. */
  keepLast?: number;
  /** Keep the newest version of each of the last days with one. */
  keepDaily?: number;
  /** Keep the newest version of each of the last weeks with one. */
  keepWeekly?: number;
  /** Keep the newest version of each of the last months with one. */
  keepMonthly?: number;
  /** Keep versions that are younger, milliseconds. */
  olderThanMs?: number;
  /** Keep matches of a condition, as in `ls --where`: `metadata.accuracy > 0.9`. */
  keepWhere?: string;
  /** `delete` needs `force`, overwriting is refused, and `prune` keeps everything. */
  protect?: boolean;
  /** Aliases, or patterns of them, that only change with `force`: `production`, `release-*`. */
  protectAliases?: readonly string[];
  /** Conditions, by name, of the versions that these aliases move to, even with `force`. */
  promote?: Readonly<Record<string, unknown>>;
  /** Has no effect. Early programs stored it. */
  adds?: boolean;
}

/** The stored settings of a registry. */
export interface RegistrySettings {
  versioned: boolean;
  mutable: boolean;
  /** Time that replaced and deleted data stays readable, as set at creation, milliseconds. */
  graceMs: number;
  /** Minimum grace period, milliseconds: later records are late. See FORMAT.md. */
  leastGraceMs: number;
  /** Disk: the way creates are made exclusive. */
  locking?: Locking;
}

/** The record of the notes and labels of a version, or of a name. */
export interface NoteRecord extends RecordBase {
  kind: "note";
  name: string;
  /** Absent for those of the name. */
  version?: string;
  notes?: string;
  labels: Record<string, unknown>;
  origin?: Origin;
}

/** The record of a deletion. */
export interface TombstoneRecord extends RecordBase {
  kind: "deleted";
  /** Digest of the version that garbage collection replaced with this record. */
  digest?: string;
  /** Origin of that version; for aliases in a mirror, the registry that removed it first. */
  origin?: Origin;
  /** First save of the version, ISO 8601. */
  since?: string;
}

/** A first generation whose payload was garbage collected. */
export interface ScrubbedRecord extends RecordBase {
  kind: "scrubbed";
  digest?: string;
  origin?: Origin;
}

/** Any record. Unknown fields survive. */
export type AnyRecord =
  | VersionRecord
  | AliasRecord
  | KeyRecord
  | NoteRecord
  | SettingsRecord
  | TombstoneRecord
  | ScrubbedRecord;
