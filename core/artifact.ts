// An opened version of an artifact: its info and its files.
import type { MemberRows, PlainMembers } from "./kinds.ts";
import type { Author } from "./naming/author.ts";
import { valueFiles } from "./naming/value_files.ts";
import type { ByteRange } from "./backend.ts";
import type { ArtifactInput, FileInfo, Origin } from "./record.ts";

/** The description of a version. */
export interface ArtifactInfo {
  name: string;
  version: string;
  /** Id of the operation that wrote it, a UUIDv7. */
  commit: string;
  /** Number of writes and deletions of this version so far, from 1. */
  generation: number;
  /** SHA-256 of the content; equal content saved the same way has an equal digest. */
  digest: string;
  size: number;
  /** When it was saved; for a mirrored version, when the original was saved. */
  createdAt: Date;
  /** The author, if known; for a mirrored version, that of the original. */
  by?: Author;
  /** For a mirrored version: the id of the registry that saved it first, and its commit there. */
  origin?: Origin;
  /** When it was deleted and restored, oldest first. Absent if it never was. */
  restored?: Restoration[];
  materializer: { id: string; formatVersion: number };
  metadata: Record<string, unknown>;
  inputs: ArtifactInput[];
  files: FileInfo[];
  idempotencyKey?: string;
  /** If they were requested, and there are any. */
  annotations?: Annotations;
}

/** The members of an info that are plain values, by their kind. */
export const PLAIN_MEMBERS: MemberRows<PlainMembers<ArtifactInfo>> = {
  name: "text",
  version: "text",
  commit: "text",
  generation: "count",
  digest: "digest",
  size: "count",
  createdAt: "moment",
  by: "author?",
  idempotencyKey: "text?",
};

/** A deletion of a version that was undone. */
export interface Restoration {
  /** The commit of the version before, with the same content. */
  commit: string;
  deletedAt: Date;
  restoredAt: Date;
}

/** The notes and labels of a version or a name. */
export interface Annotations {
  /** Text for people, such as a description. */
  notes?: string;
  /** Plain data by key. */
  labels: Record<string, unknown>;
  /** Number of changes, from 1. */
  revision: number;
  /** When it was changed, by the clock of the machine that did it. */
  changedAt: Date;
  /** The author of the last change, if known. */
  by?: Author;
}

/** An opened version. Once replaced or deleted, it stays readable for `graceMs`. */
export interface Artifact {
  readonly info: ArtifactInfo;
  files(): readonly ArtifactFile[];
  /**
   * Returns one file, by default the only one. A missing file is `NotFound`, and a choice among
   * several `Invalid`; the error lists the files.
   */
  file(path?: string): ArtifactFile;
}

/** A version whose files are opened a page of its list at a time: memory holds a few pages. */
export interface PagedArtifact {
  /** The description of the version, without its files if their list is in pages. */
  readonly info: Omit<ArtifactInfo, "files"> & Partial<Pick<ArtifactInfo, "files">>;
  /** Number of files. */
  readonly count: number;
  /**
   * Yields the version with the files of one page, then of the next. Several pages are sorted by
   * path; a list that is not in pages is one page. Ends with an error if a page is missing or
   * damaged. `after` begins with the page that has this path, and `ahead` is the number of pages that
   * are read ahead (default: 7). `skip` leaves a page out before it is read, by the path of its first
   * file, of that of the next page, and of that of the page before in this walk.
   */
  pages(options?: {
    after?: string;
    ahead?: number;
    skip?(place: { before?: string; first: string; next?: string }): boolean;
  }): AsyncIterable<Artifact>;
  /** Opens one file by the pages that lead to it. A missing file is `NotFound`. */
  file(path: string): Promise<ArtifactFile>;
}

export type PagesOptions = NonNullable<Parameters<PagedArtifact["pages"]>[0]>;

/**
 * Returns an opened version as one page.
 *
 * @param count number of its files. Without it, all files are listed: of a run, without its curve
 */
export function onePage(
  artifact: Artifact,
  count: number = artifact.files().length,
): PagedArtifact {
  return {
    info: artifact.info,
    count,
    async *pages() {
      yield await Promise.resolve(artifact);
    },
    // deno-lint-ignore require-await -- of a list in pages, it reads
    file: async (path) => artifact.file(path),
  };
}

/** Returns an opened version that lists only the files of its value. Others are opened by path. */
export function artifactOfValue(artifact: Artifact): Artifact {
  return {
    ...artifact, // also members of wrappers
    info: artifact.info,
    file: (path) => artifact.file(path),
    files: () => valueFiles(artifact.files(), artifact.info.metadata, ({ info }) => info.path),
  };
}

/**
 * A file of an opened version. Programs read it by `stream`, `bytes`, `text` or `json`. The optional
 * members are for those that write it to a disk or send it on: `passTo` without a stream between,
 * `pieces` several at a time, and `rebuild` with the bytes of another version. Files that a program
 * defines itself lack them, and are read by `stream`.
 */
export interface ArtifactFile {
  readonly info: FileInfo;
  /** The object that has its bytes with those of others: read one after the other, they share reads. */
  readonly pack?: string;
  /**
   * Returns the bytes or a range of them. A whole file is checked against its SHA-256 while it
   * streams; a mismatch ends the stream with `Corrupt`. A range is checked before its bytes are
   * returned; of a compressed file, the whole is read and checked while it streams.
   *
   * @param options.windowBytes size of the pieces that are read one after the other, which bounds
   * memory for slow readers. @default several MiB, and several at once from a remote store
   */
  stream(range?: ByteRange, options?: { windowBytes?: number }): ReadableStream<Uint8Array>;
  bytes(): Promise<Uint8Array>;
  /** Returns the content as a string. `Unsupported` if it is not UTF-8. */
  text(): Promise<string>;
  /** Returns the parsed content. `Unsupported` if it is not JSON. */
  json(): Promise<unknown>;
  /** Passes all bytes to `write`, like that of a {@linkcode FilePiece}. @default absent */
  passTo?: FilePiece["passTo"];
  /** Returns the pieces of a large file, to read in any order; undefined for a small one. */
  pieces?(): Promise<readonly FilePiece[] | undefined>;
  /** Caches a file that threads wrote to a disk. Never rejects, also if aborted. @default absent */
  keep?(written: LocalFile, signal?: AbortSignal): Promise<void>;
  /** Returns the list of its chunks (FORMAT.md, 3.4); undefined if there is none. */
  chunkList?(): Promise<Uint8Array | undefined>;
  /**
   * Returns the whole file as one piece that reads from the store only what a copy of another version
   * lacks; undefined if the copy shares too little.
   *
   * @param copy the other version, which may change while it is read: all bytes are verified. A chunk
   * of it must stay valid until the next one is read. @default an entry of the cache
   */
  rebuild?(copy?: LocalFile): Promise<FilePiece | undefined>;
}

/** A file of a disk that another version has, or that was just written. */
export interface LocalFile {
  readonly size: number;
  chunks(range: Required<ByteRange>): AsyncIterable<Uint8Array>;
}

/** A piece of a large file. */
export interface FilePiece extends Required<ByteRange> {
  /**
   * Passes the bytes to `write`, in order, as they arrive. Throws `Corrupt` for a checksum mismatch,
   * after the bytes. A chunk is valid until `write` returns, or until its promise is fulfilled.
   */
  passTo(write: (chunk: Uint8Array) => void | Promise<void>, signal?: AbortSignal): Promise<void>;
  /**
   * Returns what a file lacks of it, from the first chunk that is not at its offset; undefined for
   * nothing. @default absent: that is not known
   */
  missingIn?(written: LocalFile): Promise<FilePiece | undefined>;
  /** Its place, for other threads to read. @default absent: they cannot */
  readonly direct?: DirectPiece;
}

/** A piece that a thread reads without the store. */
export interface DirectPiece {
  /**
   * Returns a URL that reads the object without credentials for a limited time, or a `file:` URL;
   * undefined if there is none.
   */
  url(): Promise<string | undefined>;
  /** Its first byte in the object. */
  readonly from: number;
  /** Number of threads to use. */
  readonly threads: number;
  /** Returns lengths and digests, in order; without digests, bytes are not verified. */
  chunks(): { size: number; sha256?: string }[];
  /** Reports bytes that a thread has written. If it fails later, the piece does not report them again. */
  onWritten(bytes: number): void;
}

/**
 * The member of a file that tells the registry where its bytes are stored, so that a save of it
 * stores them no second time. A program may copy the members of a file and replace the stream: the
 * member is a function of the stream and the size of the copy, and returns undefined for others.
 */
export const STORED: unique symbol = Symbol("stored");

/** True if the stream of a file is that of the registry: a wrapper has not replaced it. */
export function isStored(file: ArtifactFile & { [STORED]?(content: object): unknown }): boolean {
  return file[STORED]?.({ stream: file.stream, size: file.info.size }) !== undefined;
}
