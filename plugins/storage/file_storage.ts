// The contract of a storage: files by path, whole or as streams.
import type { ByteRange, CallOptions } from "../../core/backend.ts";

/** What can be written: bytes, text as UTF-8, a blob, or a stream of bytes. */
export type FileData = Uint8Array | string | Blob | ReadableStream<Uint8Array>;

/** Options of {@linkcode FileStorage.writeFile}. */
export interface StorageWriteOptions extends CallOptions {
  /** `create` refuses a path that is taken, as `AlreadyExists`. @default "overwrite" */
  mode?: "overwrite" | "create";
  /** How many bytes a stream has; one of another length is refused. @default not known */
  size?: number;
  contentType?: string;
}

/** Options of reading from a storage. */
export interface StorageReadOptions extends CallOptions {
  /** Only these bytes. @default all */
  range?: ByteRange;
}

/** A file that is there. */
export interface StoredFile {
  path: string;
  /** How many bytes it has. */
  size: number;
}

/**
 * Files by path. Paths are relative, with `/` between their names; what could leave the storage is `Invalid`. No file is
 * in the place of a folder of another.
 */
export interface FileStorage {
  /** Writes a file, whole or not at all, and says how large it is. */
  writeFile(path: string, data: FileData, options?: StorageWriteOptions): Promise<StoredFile>;
  /** Reads a file into memory. `NotFound` where there is none. */
  readFile(path: string, options?: StorageReadOptions): Promise<Uint8Array>;
  /** Reads a file as a stream: read it to its end or cancel it. `NotFound` where there is none. */
  openFile(path: string, options?: StorageReadOptions): Promise<ReadableStream<Uint8Array>>;
  exists(path: string, options?: CallOptions): Promise<boolean>;
  /** Removes a file; a missing one is a success. */
  delete(path: string, options?: CallOptions): Promise<void>;
  /** The files below a folder, those of its folders too, in the order of their UTF-8 bytes. @default all */
  list(folder?: string, options?: CallOptions): AsyncIterable<StoredFile>;
  [Symbol.asyncDispose]?(): Promise<void>;
}
