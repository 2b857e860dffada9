// The contract of a file store: files by path, with folders and links. A call means the same on
// every store.
//
// Paths are relative to the store's root with `/` between segments, as {@linkcode parsePath}
// returns them; the root is the empty path. Stores never follow links.
import type { ByteRange, CallOptions } from "./backend.ts";
import type { FileToSave } from "./materializer.ts";

/** The cause of an error of a file that exceeds a limit of its reader, which may be raised. */
export class LimitExceeded extends Error {}

/** The kind of an entry. */
export type FileKind = "file" | "folder" | "link";

/** A file, folder or link of a store. */
export interface FileEntry {
  /** The path, as {@linkcode parsePath} returns it. */
  path: string;
  kind: FileKind;
  /** Size of a file, bytes; otherwise 0. */
  size: number;
  /** Last modification of a file, milliseconds since 1970, if the store reports it. */
  modifiedAt?: number;
  /** Target path of a link inside this store; absent for links that lead out of it. */
  target?: string;
}

/** Options of {@linkcode FileStore.write}. */
export interface WriteFileOptions extends CallOptions {
  /**
   * `create` fails with `AlreadyExists` if a file or link exists. Links are never followed.
   * @default "overwrite"
   */
  mode?: "overwrite" | "create";
}

/** The reading part of a file store. */
export interface ReadableFileStore extends AsyncDisposable {
  /** The kind of store: `disk`. */
  readonly name: string;
  /** A URL without secrets. */
  readonly location: string;
  /** Returns the entry at a path, or undefined if there is none. */
  stat(path: string, options?: CallOptions): Promise<FileEntry | undefined>;
  /** Lists a folder in UTF-8 byte order (names of folders end with `/`), else throws `NotFound`. */
  list(folder: string, options?: CallOptions): AsyncIterable<FileEntry>;
  /** Opens a file to read it. Throws `NotFound` if there is no file. */
  open(path: string, options?: CallOptions): Promise<FileToDecode>;
  /** Loads a value that the store keeps in its own way. Absent or undefined: decode the file. */
  load?(path: string, options?: CallOptions): Promise<unknown>;
}

/** A destination of values that cannot be read again, such as a viewer or a stream. */
export interface FileSink extends AsyncDisposable {
  readonly name: string;
  /** A URL without secrets. */
  readonly location: string;
  save(path: string, value: unknown, options?: WriteFileOptions): Promise<FileEntry>;
}

/**
 * A store of values in a form of its own, with `save` and `load`. A method that it lacks is refused
 * by name.
 */
export interface ValueFileStore extends FileSink {
  /** Returns a value that was saved; undefined if there is none. */
  load(path: string, options?: CallOptions): unknown;
  /** Returns the entry at a path, or undefined if there is none. */
  stat?(path: string, options?: CallOptions): Promise<FileEntry | undefined>;
  /** Lists a folder, without links. */
  list?(folder: string, options?: CallOptions): AsyncIterable<FileEntry>;
  /** Removes a value; false if there is none. */
  remove?(path: string, options?: CallOptions): Promise<boolean>;
}

/** A file store. Writing creates missing parent folders; folders stay until they are removed. */
export interface FileStore extends ReadableFileStore {
  /** Writes a file, all or nothing. Throws `Conflict` for a folder, or a file above the path. */
  write(
    path: string,
    content: FileToSave["content"],
    options?: WriteFileOptions,
  ): Promise<FileEntry>;
  /** Creates a folder and its parents, unless they exist. Other entries are `Conflict`. */
  createFolder(path: string, options?: CallOptions): Promise<void>;
  /** Creates a link. Throws `AlreadyExists` if the path is taken; the target need not exist. */
  createLink(path: string, target: string, options?: CallOptions): Promise<void>;
  /** Removes a file, link or empty folder; false if there is none. Other folders are `Conflict`. */
  remove(path: string, options?: CallOptions): Promise<boolean>;
  /**
   * Moves a file, link or folder to a path that does not exist, else throws `AlreadyExists`. A
   * moved link keeps its target; links inside a moved folder keep their text, so they lead to what
   * moved too.
   */
  move(from: string, to: string, options?: CallOptions): Promise<void>;
  /** Removes a folder (of the root, its content), if it exists. Absent if that would not be faster. */
  removeFolder?(path: string, options?: CallOptions): Promise<void>;
  /** Saves a value in the store's own way. Absent: values are encoded by their format. */
  save?(path: string, value: unknown, options?: WriteFileOptions): Promise<FileEntry>;
  /** True for values that {@linkcode FileStore.save} accepts. Absent: all of them. */
  keeps?(value: unknown): boolean;
  /** Copies a file to a path that does not exist, else throws `AlreadyExists`. */
  copyFile?(from: string, to: string, options?: CallOptions): Promise<void>;
}

/** Anything a file manager can name. */
export type AnyFileStore = FileStore | ReadableFileStore | FileSink | ValueFileStore;

/** True for a store of values: it has no files. */
export function isValueStore(store: AnyFileStore): store is ValueFileStore {
  return !("open" in store) && !("write" in store) && "save" in store && "load" in store;
}

/** A stored file to read. */
export interface FileToDecode {
  readonly path: string;
  readonly size: number;
  /** True if the store holds a value there and only presents it as a file. @default false */
  readonly isShown?: boolean;
  bytes(): Promise<Uint8Array>;
  stream(range?: ByteRange): ReadableStream<Uint8Array>;
}
