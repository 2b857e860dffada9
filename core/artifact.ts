// An opened version of an artifact: its info and its files, nothing materialized.
import type { ByteRange } from "./backend.ts";
import type { ArtifactInput, FileInfo, Origin } from "./record.ts";

/** What is known of a version. */
export interface ArtifactInfo {
  name: string;
  version: string;
  /** The operation that wrote it, a UUIDv7. */
  commit: string;
  /** How often this version was written or deleted up to now, from 1. */
  generation: number;
  /** SHA-256 of the content, equal for equal content saved the same way. */
  digest: string;
  size: number;
  /** When it was saved; of a mirrored version, when the original was. */
  createdAt: Date;
  /** Of a mirrored version: the id of the registry where it was saved first, and its commit there. */
  origin?: Origin;
  materializer: { id: string; formatVersion: number };
  metadata: Record<string, unknown>;
  inputs: ArtifactInput[];
  files: FileInfo[];
  idempotencyKey?: string;
}

/** A version that was opened. It stays readable for the registry's `graceMs` after it is replaced or deleted; then `Conflict`. */
export interface Artifact {
  readonly info: ArtifactInfo;
  files(): readonly ArtifactFile[];
  /** One file; a missing one is `NotFound` and lists what there is. */
  file(path: string): ArtifactFile;
}

/** A file of an opened version. */
export interface ArtifactFile {
  readonly info: FileInfo;
  /**
   * Its bytes, or a range of them. A whole file is verified against its SHA-256 as it streams: the stream fails with
   * `Corrupt` at its end. A range is verified where the parts of the file that it touches have at most 8 MiB, as all
   * parts have of a file that a bucket got with more than 64 MiB: each of those is then read whole. Others cannot be. A
   * range of a compressed file is `Unsupported`.
   *
   * @param options.windowBytes size of the pieces in which the store is read, one after the other, so that a slow
   * reader holds little memory. @default whole parts, several at once from a remote store
   */
  stream(range?: ByteRange, options?: { windowBytes?: number }): ReadableStream<Uint8Array>;
  bytes(): Promise<Uint8Array>;
  /**
   * The pieces of a large file, which together are all of it: each is verified by a digest of its own, so they may be
   * read at the same time and in any order. Absent, or undefined, where the file is to be read in order.
   */
  pieces?(): readonly FilePiece[] | undefined;
}

/** A piece of a large file. */
export interface FilePiece extends Required<ByteRange> {
  /** Its bytes: the stream fails with `Corrupt` where they are not what was saved. */
  stream(): ReadableStream<Uint8Array>;
}
