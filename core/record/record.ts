// The record: the small object whose creation is a commit. Its codec, described byte by byte in
// FORMAT.md.
import type { Locking } from "../backend.ts";
import { compareUtf8, concatBytes } from "../bytes/bytes.ts";
import { sha256 } from "../bytes/digest.ts";
import { fault, type RegistryError } from "../errors.ts";
import { shown } from "../naming/names.ts";
import { parseJson } from "../text/json_text.ts";
import { recordProblem } from "./record_shape.ts";

/** The format. Others are `Unsupported`, never guessed. */
export const FORMAT = "holdfast/1";

/**
 * Every tombstone has this size and no other record has: listings tell the dead from the living by it. It is no
 * multiple of a sector, at which a disk that fails cuts files.
 */
export const TOMBSTONE_BYTES = 509;

/** A record has at most so many bytes: its first line, and what is inline. */
export const MAX_RECORD_BYTES = 16 * 1024 * 1024;

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

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const SUM = /^,"sum":"([0-9a-f]{64})"\}$/;
const SUM_LENGTH = `,"sum":"${"0".repeat(64)}"}`.length; // all ASCII: as many bytes
const NEWLINE = 10;

/**
 * Encodes a record: one line of JSON whose last member `sum` is the SHA-256 of the line before it (with the spaces
 * that make a tombstone as long as it must be, and no other record), then the inline bytes.
 */
export function encodeRecord(record: AnyRecord, inline: readonly Uint8Array[] = []): Uint8Array {
  const text = JSON.stringify(record).slice(0, -1);
  const asciiSize = inline.reduce(
    (sum, { byteLength }) => sum + byteLength,
    text.length + SUM_LENGTH + 1,
  );
  if (asciiSize > MAX_RECORD_BYTES) throw tooLong(record.kind, asciiSize); // before it is copied
  const bytes = withSum(text, inline);
  const size = bytes.byteLength;
  if (size > MAX_RECORD_BYTES) throw tooLong(record.kind, size);
  const isTooLike = size === TOMBSTONE_BYTES;
  const spaces = record.kind === "deleted" ? TOMBSTONE_BYTES - size : isTooLike ? 1 : 0;
  return spaces === 0 ? bytes : withSum(text + " ".repeat(spaces), inline);
}

/** A whole record: the text that its first line begins with, its sum, and the inline bytes. */
function withSum(text: string, inline: readonly Uint8Array[]): Uint8Array {
  const line = `${text},"sum":"${sha256(text)}"}\n`;
  const whole = new Uint8Array(
    inline.reduce((sum, { byteLength }) => sum + byteLength, line.length),
  );
  // In place it takes 3 us, else 4.5; there is room where all is ASCII.
  const { read } = encoder.encodeInto(line, whole.subarray(0, line.length));
  if (read < line.length) return concatBytes([encoder.encode(line), ...inline]);
  let at = line.length;
  for (const bytes of inline) {
    whole.set(bytes, at);
    at += bytes.byteLength;
  }
  return whole;
}

/** A record, decoded. */
export interface DecodedRecord {
  record: AnyRecord;
  inline: Uint8Array;
}

/**
 * Decodes a record and checks its sum.
 *
 * @param key where it was read, for messages
 * @throws {RegistryError} `Corrupt` where it is damaged, `Unsupported` where it is of another format
 */
export function decodeRecord(bytes: Uint8Array, key: string): DecodedRecord {
  const end = bytes.indexOf(NEWLINE);
  if (end < 0) throw corruptRecord(key, "its first line has no end");
  let line: string, record: AnyRecord;
  try {
    line = decoder.decode(bytes.subarray(0, end));
    record = parseJson(line) as AnyRecord;
  } catch { // its message would quote the line
    throw corruptRecord(key, "its first line is not JSON");
  }
  const format = (record as { format?: unknown } | null)?.format;
  const summed = end - SUM_LENGTH;
  const sum = SUM.exec(line.slice(-SUM_LENGTH));
  if (sum === null || sha256(bytes.subarray(0, summed)) !== sum[1]) {
    throw corruptRecord(key, "its sum does not match");
  }
  if (format !== FORMAT) {
    throw fault({
      code: "Unsupported",
      action: "read record",
      subject: `"${key}"`,
      state: `its format is ${shown(format)}, this release reads "${FORMAT}"`,
      hint:
        "It was written by another release of Holdfast: open it with that release or a newer one.",
      key,
    });
  }
  if ((record.kind === "deleted") !== (bytes.byteLength === TOMBSTONE_BYTES)) {
    throw corruptRecord(key, `${bytes.byteLength} bytes is not the size of its kind`);
  }
  const problem = recordProblem(record, { inlineBytes: bytes.byteLength - end - 1, text: line });
  if (problem !== undefined) throw corruptRecord(key, problem);
  if (record.kind !== "version" && end + 1 < bytes.byteLength) {
    throw corruptRecord(key, "bytes follow its first line, which only versions have");
  }
  delete (record as { sum?: string }).sum;
  return { record, inline: bytes.subarray(end + 1) };
}

function tooLong(kind: string, size: number): RegistryError {
  return fault({
    code: "Invalid",
    action: "write a record of kind",
    subject: `"${kind}"`,
    state: `it has ${size} bytes, at most ${MAX_RECORD_BYTES} are allowed`,
    hint: "Use shorter paths and refs: the bytes of files count only where they are small.",
  });
}

/** The error of a record that is damaged, gone, or in the place of another one. */
export function corruptRecord(key: string, state: string): RegistryError {
  return fault({
    code: "Corrupt",
    action: "read record",
    subject: `"${key}"`,
    state,
    hint:
      "Something else changed it. Restore the object from a copy; other versions are not affected.",
    key,
  });
}

/**
 * What identifies the content of an artifact: SHA-256 over one line for its materializer and one for each file,
 * `sha256 size mode path` (mode `-` for ordinary, the path as JSON; then the time of modification, where it is kept),
 * sorted by the path's UTF-8 bytes. Metadata does not count.
 */
export function artifactDigest(
  materializer: { id: string; formatVersion: number },
  files: readonly FileInfo[],
): string {
  const sorted = files.length > 1 ? files.toSorted((a, b) => compareUtf8(a.path, b.path)) : files;
  const lines = sorted.map(({ path, size, sha256, mode = "-", modifiedAt }) =>
    `${sha256} ${size} ${mode} ${JSON.stringify(path)}${
      modifiedAt === undefined ? "" : ` ${modifiedAt}`
    }\n`
  );
  return sha256(`${materializer.id} ${materializer.formatVersion}\n${lines.join("")}`);
}
