// The contract of file storages.
import type { ByteRange } from "../../../materializers/mod.ts";
import type { CallOptions } from "../../../backends/mod.ts";

/** Data to write: bytes, a string as UTF-8, a blob, or a stream of bytes. */
export type FileData = Uint8Array | string | Blob | ReadableStream<Uint8Array>;

/** Options of {@linkcode FileStorage.writeFile}. */
export interface StorageWriteOptions extends CallOptions {
  /** `create` throws `AlreadyExists` for a taken path. @default "overwrite" */
  mode?: "overwrite" | "create";
  /** Size of a stream, bytes; another size is an error. @default unknown */
  size?: number;
  contentType?: string;
}

/** Options of reading from a storage. */
export interface StorageReadOptions extends CallOptions {
  /** @default all bytes */
  range?: ByteRange;
}

/** A file of a storage. */
export interface StoredFile {
  path: string;
  /** Bytes. */
  size: number;
}

/**
 * Files by path. Paths are relative, with `/` between names; one that leads outside is `Invalid`.
 * No file has the path of a folder.
 */
export interface FileStorage {
  /** Writes a file atomically. */
  writeFile(path: string, data: FileData, options?: StorageWriteOptions): Promise<StoredFile>;
  /** Reads a file into memory. `NotFound` if it does not exist. */
  readFile(path: string, options?: StorageReadOptions): Promise<Uint8Array>;
  /**
   * Returns a file as a stream; read it to its end or cancel it. `NotFound` if it does not exist.
   */
  openFile(path: string, options?: StorageReadOptions): Promise<ReadableStream<Uint8Array>>;
  exists(path: string, options?: CallOptions): Promise<boolean>;
  /** Deletes a file; a missing one is a success. */
  delete(path: string, options?: CallOptions): Promise<void>;
  /** Lists all files below a folder, in the order of their UTF-8 bytes. @default the root */
  list(folder?: string, options?: CallOptions): AsyncIterable<StoredFile>;
  [Symbol.asyncDispose]?(): Promise<void>;
}
