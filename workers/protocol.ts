/**
 * What the two threads of a batch ask of each other. The caller's thread keeps the commit protocol: a worker reads,
 * materializes, hashes, compresses, uploads and downloads, and never writes a record. So a worker that crashes has
 * committed nothing, and its work can be done again.
 *
 * @module
 */
import type { BackendDescriptor } from "../core/backend.ts";
import type { FileToSave, MaterializerDescriptor } from "../core/materializer.ts";
import type { Encoding, StoredFile } from "../core/record/record.ts";
import type { Logger, TransferProgress, Verify } from "../core/registry.ts";
import type { CacheDescriptor } from "../registry/cache/cache.ts";
import type { WireValue } from "./wire_value.ts";

/** What a worker opens. */
export interface OpenRequest {
  /** The cache of the caller's registry, where it has one that can be opened. */
  cache?: CacheDescriptor;
  /** How to open the store. */
  backend: Omit<BackendDescriptor, "functions">;
  /** Names of options that are functions of the caller's thread. */
  functions: string[];
}

/** A payload to write. */
export interface WriteRequest {
  /** Number of the job. */
  job: number;
  /** What is done, for messages. */
  action: string;
  /** What to write. */
  value: WireValue;
  /** Compression. */
  compress?: Encoding;
}

/** A file of a payload that the caller's thread supplies: bytes come with it, other content is pulled. */
export interface SuppliedFile extends Omit<FileToSave, "content"> {
  /** Its content, to be kept by the worker. */
  bytes?: Uint8Array;
  /** By which other content is asked for. */
  number?: number;
  /** Bytes of other content, where that is known and it can be read more than once. */
  size?: number;
}

/** Files to read. */
export interface ReadRequest {
  /** Number of the job. */
  job: number;
  /** Whether by way of the cache. */
  cached: boolean;
  /** The version, for messages. */
  ref: string;
  /** Where its record is. */
  recordKey: string;
  /** The files with the keys of the objects that hold their parts. */
  files: { file: StoredFile; keys: string[] }[];
  /** How bytes are checked. */
  verify: Verify;
  /** What may be read into memory. */
  maxLoadBytes?: number;
}

/** What was written, as far as it is known. */
export interface PayloadState {
  /** The files, in the order they came. */
  files: StoredFile[];
  /** The inline bytes, in that order. */
  inline: Uint8Array[];
  /** Bytes of all plain files. */
  size: number;
  /** True when files of the base are shared. */
  sharing: boolean;
}

/** What was read, or the key of an object that is not there. */
export type ReadReply<T> = { value: T } | { missing: string };

/** What a worker does for the caller's thread. */
export type WorkerMethods = {
  open(request: OpenRequest): Promise<void>;
  write(request: WriteRequest, signal: AbortSignal): Promise<PayloadState>;
  unshare(request: { job: number }): Promise<PayloadState>;
  append(request: { job: number; bytes: Uint8Array }): Promise<{ object: number; size: number; sha256: string }>;
  discard(request: { job: number }): Promise<void>;
  release(request: { job: number }): void;
  read(request: ReadRequest, signal: AbortSignal): Promise<ReadReply<Uint8Array>>;
  load(
    request: ReadRequest & { info: unknown; materializer: MaterializerDescriptor },
    signal: AbortSignal,
  ): Promise<ReadReply<unknown>>;
  /** Writes the one file to a path that is free. */
  writeFile(request: ReadRequest & { path: string }, signal: AbortSignal): Promise<ReadReply<void>>;
  /** Reads the one file, only to check it. */
  check(request: ReadRequest, signal: AbortSignal): Promise<ReadReply<void>>;
  ping(request: undefined): void;
  /** Finishes what goes on in the background. */
  close(request: undefined): Promise<void>;
};

/** What the caller's thread does for a worker. */
export type CallerMethods = {
  /** Chooses where a payload goes. */
  begin(request: { job: number }): Promise<{ folder: string; sizes?: ReadonlySet<number> }>;
  /** Whether the base has this file. */
  share(request: { job: number; file: StoredFile }): Promise<StoredFile | undefined>;
  /** Hears that a payload is under way, how far it is, and what the store's clock said. */
  progress(request: { job: number; progress?: TransferProgress; storeTime?: number }): Promise<void>;
  /** Hears how many bytes of a read have moved. */
  moved(request: { job: number; progress: TransferProgress }): void;
  /** Takes a line for the log. */
  log(request: { level: keyof Logger; message: string }): void;
  /** The next file of a payload, or undefined after the last. */
  nextFile(request: { job: number }): Promise<SuppliedFile | undefined>;
  /** Begins to read a file, into places of shared memory: they are used again, and cost less than memory that moves. */
  openFile(request: { job: number; file: number; places: readonly SharedArrayBuffer[] }): number;
  /** Writes the next piece of a file to a place and returns its bytes, 0 at the end of the file. */
  pull(request: { job: number; stream: number; place: number }): Promise<number>;
  /** Reads no more of a file. */
  closeFile(request: { job: number; stream: number }): Promise<void>;
  /** Begins again with the first file. */
  restart(request: { job: number }): void;
  /** Calls an option of the backend that is a function. */
  ask(request: { name: string }): unknown;
};
