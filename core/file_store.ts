// The contract of a file store: files by path, with folders and links. A call means the same on
// every store, whatever is behind it.
//
// Paths are relative to the store's root and have `/` between their segments; {@linkcode parsePath}
// reads them, and the root is the empty one. Links are never followed here: whoever wants what is
// behind one follows its `target`.
import type { ByteRange, CallOptions } from "./backend.ts";
import type { FileToSave } from "./materializer.ts";

/** What can be at a path. */
export type FileKind = "file" | "folder" | "link";

/** What a store says about a path. */
export interface FileEntry {
  /** The path, as {@linkcode parsePath} gives it. */
  path: string;
  /** What is there: of a link, that it is one. */
  kind: FileKind;
  /** Bytes of a file; 0 of what is none. */
  size: number;
  /** When a file was written last, milliseconds since 1970, where the store knows. */
  modifiedAt?: number;
  /** Of a link: the path in this store that it leads to. Absent where it leads out of it. */
  target?: string;
}

/** What is at a path, without a closer look. */
export type NamedEntry = Pick<FileEntry, "path" | "kind">;

/** Options of {@linkcode FileStore.write}. */
export interface WriteFileOptions extends CallOptions {
  /**
   * What happens to a file or a link that is there: it is replaced, or the write fails with `AlreadyExists`. Never
   * what a link leads to.
   *
   * @default "overwrite"
   */
  mode?: "overwrite" | "create";
}

/** The part of a file store that only reads. */
export interface ReadableFileStore extends AsyncDisposable {
  /** What kind of store it is: `disk`. */
  readonly name: string;
  /** Where it is: a URL without secrets. */
  readonly location: string;
  /** What is at a path, or undefined where nothing is. */
  stat(path: string, options?: CallOptions): Promise<FileEntry | undefined>;
  /**
   * What is directly in a folder, in the order of the UTF-8 bytes of the names, those of folders with `/` behind them.
   * No folder there is `NotFound`.
   */
  list(folder: string, options?: CallOptions): AsyncIterable<FileEntry>;
  /**
   * The same as {@linkcode ReadableFileStore.list}, in any order and without size, time and target, from a store that
   * knows these only by a look at each. Absent where they cost nothing.
   */
  names?(folder: string, options?: CallOptions): Promise<NamedEntry[]>;
  /** A file, to be read. No file there is `NotFound`, also where something else is. */
  open(path: string, options?: CallOptions): Promise<FileToDecode>;
  /**
   * The value at a path, of a store that keeps values in a way of its own. Absent, and where it gives undefined: by the
   * format of the file.
   */
  load?(path: string, options?: CallOptions): Promise<unknown>;
}

/** Where values are sent, and not read again: a viewer, a stream. */
export interface FileSink extends AsyncDisposable {
  /** What kind of sink it is. */
  readonly name: string;
  /** Where it is: a URL without secrets. */
  readonly location: string;
  /** Takes a value. */
  save(path: string, value: unknown, options?: WriteFileOptions): Promise<FileEntry>;
}

/** Files by path. A write to a path makes the folders above it; a folder stays until it is removed. */
export interface FileStore extends ReadableFileStore {
  /**
   * Writes a file, whole or not at all: readers see what was there before, or all of it.
   *
   * @throws {RegistryError} `Conflict` where a folder is at the path, or something else than a folder above it
   */
  write(
    path: string,
    content: FileToSave["content"],
    options?: WriteFileOptions,
  ): Promise<FileEntry>;
  /** Makes a folder and those above it. One that is there is success; anything else there is `Conflict`. */
  createFolder(path: string, options?: CallOptions): Promise<void>;
  /** Makes a link at a path that is free, else `AlreadyExists`. What it leads to need not exist. */
  createLink(path: string, target: string, options?: CallOptions): Promise<void>;
  /** Removes a file, a link or an empty folder. False where nothing was; a folder that is not empty is `Conflict`. */
  remove(path: string, options?: CallOptions): Promise<boolean>;
  /**
   * Gives a file, a link or a folder with all in it another path, which must be free, else `AlreadyExists`. A link that
   * is moved leads where it led; those in a folder that is moved keep their way, so that they lead to what moved too.
   */
  move(from: string, to: string, options?: CallOptions): Promise<void>;
  /**
   * Removes a folder with all that is below it, in fewer steps than one by one; of the root what is below it. Nothing
   * there is success. Absent where that takes as many.
   */
  removeFolder?(path: string, options?: CallOptions): Promise<void>;
  /**
   * Makes a folder of files at a path that is free, else `AlreadyExists`: whole or not at all. Absent where that takes
   * more than one step.
   *
   * @param files their bytes by their names
   */
  writeFolder?(
    path: string,
    files: ReadonlyMap<string, Uint8Array>,
    options?: CallOptions,
  ): Promise<void>;
  /** Keeps a value in a way of the store's own. Absent: as the bytes that its format makes of it. */
  save?(path: string, value: unknown, options?: WriteFileOptions): Promise<FileEntry>;
  /** Which values {@linkcode FileStore.save} keeps; the others are written as bytes. Absent: all of them. */
  keeps?(value: unknown): boolean;
  /** Copies a file to a path that is free, else `AlreadyExists`, in a way of its own. Absent: as its bytes. */
  copyFile?(from: string, to: string, options?: CallOptions): Promise<void>;
}

/** Whatever is asked by name: files that are read and written, that are only read, or a place to send values to. */
export type AnyFileStore = FileStore | ReadableFileStore | FileSink;

/** A stored file, to be read whole or in part. */
export interface FileToDecode {
  readonly path: string;
  readonly size: number;
  /** Whether the store keeps a value there, and only shows it as a file: its `load` gives the value. @default false */
  readonly isShown?: boolean;
  bytes(): Promise<Uint8Array>;
  stream(range?: ByteRange): ReadableStream<Uint8Array>;
}
