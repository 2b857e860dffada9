// The record: the small object whose creation is a commit. FORMAT.md describes it byte by byte.
import type { Locking } from "./backend.ts";

/** A file's place in an artifact, and its content's. */
export interface FileInfo {
  /** Relative path with `/`. */
  path: string;
  size: number;
  /** SHA-256 of the plain file, 64 lowercase hexadecimal digits. */
  sha256: string;
  mediaType?: string;
  /** Absent for an ordinary file; the content of a `link` is its target, a `folder` (one that is empty, or whose time was kept) has none. */
  mode?: FileMode;
  /** When it was modified last, of a link not what it leads to: ISO 8601 in UTC with milliseconds, where that was to be kept. */
  modifiedAt?: string;
}

/** What a file is besides ordinary. */
export type FileMode = "executable" | "link" | "folder";

/** A file in a record: with where its bytes are, `inline` or in `parts`. */
export interface StoredFile extends FileInfo {
  encoding?: Encoding;
  /** `<order>/<commit>` of the payload folder that holds the parts that say none, where it is not the record's own. */
  from?: string;
  parts?: Part[];
  /** Offset and length of the stored bytes behind the record's first line. */
  inline?: [offset: number, length: number];
}

/** A compression of stored bytes. */
export type Encoding = "gzip" | "zstd";

/** A span of a payload object. */
export interface Part {
  object: number;
  /** First byte. @default 0 */
  offset?: number;
  size: number;
  /** SHA-256 of the stored bytes of this part, where it is given: always where the file is compressed. */
  sha256?: string;
  /** `<order>/<commit>` of the payload folder that holds the object, where it is not the one that the file says. */
  from?: string;
}

/** What every record has. */
export interface RecordBase {
  /** `holdfast/1` */
  format: string;
  /** Number of this record in its cell, from 1. */
  generation: number;
  /** The operation that wrote it, a UUIDv7. */
  commit: string;
  /** The commit of the generation below, where there is one. */
  previous?: string;
  /** When the operation began: store time, ISO 8601. */
  startedAt: string;
  /** When the record was made, or the one that it is a mirror of: the writer's clock, ISO 8601. */
  createdAt: string;
}

/** What a version was made from: a ref, or one with the digest that it had then. */
export type ArtifactInput = string | {
  ref: string;
  /** The digest of that version, 64 lowercase hexadecimal digits. */
  digest?: string;
};

/** A version of an artifact. */
export interface VersionRecord extends RecordBase {
  kind: "version";
  name: string;
  /** The version as it was saved, with build metadata. */
  version: string;
  materializer: { id: string; formatVersion: number };
  metadata: Record<string, unknown>;
  inputs?: ArtifactInput[];
  /** The files; empty where `fileList` is given. */
  files: StoredFile[];
  /** Where a long list of files is kept: the JSON of `files` as a payload object. */
  fileList?: Part & { sha256: string };
  /** SHA-256 of what the artifact is (see {@linkcode artifactDigest}). */
  digest: string;
  size: number;
  key?: string;
  origin?: Origin;
  /** When the version was first saved, if this record replaces another: ISO 8601. */
  since?: string;
}

/** Where a mirrored record was written first. It stays the same however often the mirror is mirrored. */
export interface Origin {
  registry: string;
  commit: string;
}

/** An alias. */
export interface AliasRecord extends RecordBase {
  kind: "alias";
  name: string;
  alias: string;
  version: string;
  origin?: Origin;
}

/** Where an idempotency key was used. */
export interface KeyRecord extends RecordBase {
  kind: "key";
  name: string;
  key: string;
  /** The version that was tried or found, and the generation of its cell. */
  target: { version: string; generation: number };
  /** The commit found there, where the save had nothing to write: that record is its result. */
  existing?: string;
}

/** What a registry is. */
export interface SettingsRecord extends RecordBase {
  kind: "settings";
  /** The registry's id, in all generations but the first, whose commit is the id. */
  registry?: string;
  settings: RegistrySettings;
}

/** What belongs to the registry rather than to whoever opens it. */
export interface RegistrySettings {
  versioned: boolean;
  mutable: boolean;
  /** How long replaced and deleted data stays readable, as it was set at creation, milliseconds. */
  graceMs: number;
  /**
   * What the grace may be lowered to, milliseconds. Writers go by it: a quarter of it is their deadline, and a record
   * that landed half of it after its operation began is late.
   */
  leastGraceMs: number;
  /** Disk: how creates are made exclusive. */
  locking?: Locking;
}

/** A deletion. */
export interface TombstoneRecord extends RecordBase {
  kind: "deleted";
  /** The digest of the version that the garbage collector replaced with this record. */
  digest?: string;
  /** The origin of that version. In a mirrored deletion of an alias, the registry that removed the alias first. */
  origin?: Origin;
  /** When the version was first saved: ISO 8601. */
  since?: string;
}

/** A first generation whose payload the janitor removed. */
export interface ScrubbedRecord extends RecordBase {
  kind: "scrubbed";
  digest?: string;
  origin?: Origin;
}

/** Any record. Fields that this release does not know survive. */
export type AnyRecord =
  | VersionRecord
  | AliasRecord
  | KeyRecord
  | SettingsRecord
  | TombstoneRecord
  | ScrubbedRecord;
