// System calls on files and folders. Those of Deno take a third of the time of its `node:fs`, which
// other runtimes use.
import fs, { type Stats } from "node:fs";
import { errorCode, onDisk } from "./file_errors.ts";

export interface FileLook extends Omit<FolderEntry, "name"> {
  size: number;
  /** The change time, milliseconds; whole seconds in Deno 2.9. */
  changedAt: number;
  /** The modification time, milliseconds. */
  modifiedAt: number;
  /** Distinguishes a file from a later one with the same name. */
  readonly identity: string;
}

export interface FolderEntry {
  name: string;
  isFile: boolean;
  isDirectory: boolean;
  isSymlink: boolean;
}

export interface OpenFile {
  /** Returns the current state of the file, whatever its name leads to. */
  look(): FileLook;
  /** Fills a buffer from the current position; returns the number of bytes, 0 at the end. */
  read(bytes: Uint8Array): number;
  seek(position: number): void;
  close(): void;
}

interface DenoInfo extends Pick<FileLook, "isFile" | "isDirectory" | "isSymlink" | "size"> {
  ctime: Date | null;
  mtime: Date | null;
  birthtime: Date | null;
  ino: number | null;
}

interface DenoFile {
  statSync(): DenoInfo;
  readSync(bytes: Uint8Array): number | null;
  seekSync(offset: number, whence: number): number;
  close(): void;
}

interface DenoFiles {
  lstatSync(path: string): DenoInfo;
  statSync(path: string): { dev: number | null; nlink: number | null };
  readDir(path: string): AsyncIterable<FolderEntry>;
  readDirSync(path: string): Iterable<FolderEntry>;
  openSync(path: string): DenoFile;
}

/** Faster calls, if available. Tests that replace those of `node:fs` remove them. */
interface OwnCalls {
  deno?: DenoFiles;
}

export const ownCalls: OwnCalls = { deno: findDeno() };

function findDeno(): DenoFiles | undefined {
  const { Deno: deno } = globalThis as { Deno?: Partial<DenoFiles> };
  return deno?.lstatSync === undefined ? undefined : deno as DenoFiles;
}

/** Returns the state of a path, links not followed. Throws the error of the system. */
export function look(path: string): FileLook {
  return ownCalls.deno === undefined
    ? lookOf(fs.lstatSync(path))
    : new DenoLook(ownCalls.deno.lstatSync(path));
}

/** Like `look`, but undefined if nothing is there. */
export function lookIfThere(path: string): FileLook | undefined {
  return ifThere(() => look(path));
}

/** Returns the device of what a path leads to; undefined if nothing is there. */
export function deviceOf(path: string): number | undefined {
  return ifThere(() => (ownCalls.deno ?? fs).statSync(path).dev ?? undefined);
}

/** Returns undefined if there is no such path. */
export function ifThere<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** Entries that one system call returns. */
const SURE_ENTRIES = 32;

/** Reads all entries of a folder, or throws. */
export async function readFolder(path: string): Promise<FolderEntry[]> {
  return readFolderAtOnce(path) ?? await readLongFolder(path);
}

/**
 * Returns undefined for a folder that may have more entries: where a later system call fails, the
 * synchronous calls of Deno, also its `readdirSync` and `cpSync`, return what they have so far.
 */
export function readFolderAtOnce(path: string): FolderEntry[] | undefined {
  const { deno } = ownCalls;
  if (deno === undefined) return fs.readdirSync(path, { withFileTypes: true }).map(entryOf);
  const entries = [...deno.readDirSync(path)];
  const { length } = entries;
  const isSure = length > 0 && (length <= SURE_ENTRIES || areAllFolders(deno, path, entries));
  return isSure ? entries : undefined;
}

/** Reads a folder for which `readFolderAtOnce` returned undefined. */
export async function readLongFolder(path: string): Promise<FolderEntry[]> {
  return await Array.fromAsync(ownCalls.deno!.readDir(path));
}

/** Most file systems count the name of a folder, its `.`, and the `..` of each folder in it. */
function areAllFolders(deno: DenoFiles, path: string, entries: FolderEntry[]): boolean {
  return deno.statSync(path).nlink === entries.length + 2 &&
    entries.every(({ isDirectory }) => isDirectory);
}

function entryOf(entry: fs.Dirent): FolderEntry {
  return {
    name: entry.name,
    isFile: entry.isFile(),
    isDirectory: entry.isDirectory(),
    isSymlink: entry.isSymbolicLink(),
  };
}

/** Opens a folder, or a file that was checked to be an ordinary one. */
export function openFile(path: string): OpenFile {
  if (ownCalls.deno === undefined) return fileOf(fs.openSync(path, READ));
  const file = ownCalls.deno.openSync(path);
  return {
    look: () => new DenoLook(file.statSync()),
    read: (bytes) => file.readSync(bytes) ?? 0,
    seek: (position) => void file.seekSync(position, 0),
    close: () => file.close(),
  };
}

/** Returns the state of a path, links not followed. */
export function lookAt(path: string): Stats {
  return onDisk("read", path, () => fs.lstatSync(path));
}

const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = fs.constants;
/** Flags to read a file: follows no link, and does not wait for a pipe. */
export const READ: number = O_RDONLY | O_NOFOLLOW | O_NONBLOCK;

function fileOf(file: number): OpenFile {
  let at = 0;
  return {
    look: () => lookOf(fs.fstatSync(file)),
    read(bytes) {
      const count = fs.readSync(file, bytes, 0, bytes.byteLength, at);
      at += count;
      return count;
    },
    seek: (position) => void (at = position),
    close: () => closeRead(file),
  };
}

/** Closes a file that was only read. Errors are ignored: no data depends on them. */
export function closeRead(file: number): void {
  try {
    fs.closeSync(file);
  } catch (error) {
    if (errorCode(error) === undefined) throw error;
  }
}

export function lookOf(stats: Stats): FileLook {
  return {
    isFile: stats.isFile(),
    isDirectory: stats.isDirectory(),
    isSymlink: stats.isSymbolicLink(),
    size: stats.size,
    changedAt: stats.ctimeMs,
    modifiedAt: stats.mtimeMs,
    identity: identityOf(stats.ino, stats.birthtimeMs),
  };
}

/** An object literal with a getter takes twenty times as long to create. */
class DenoLook implements FileLook {
  isFile;
  isDirectory;
  isSymlink;
  size;
  changedAt;
  modifiedAt;
  #info;

  constructor(info: DenoInfo) {
    this.isFile = info.isFile;
    this.isDirectory = info.isDirectory;
    this.isSymlink = info.isSymlink;
    this.size = info.size;
    this.changedAt = info.ctime?.getTime() ?? 0;
    this.modifiedAt = info.mtime?.getTime() ?? 0;
    this.#info = info;
  }

  get identity(): string {
    return identityOf(this.#info.ino, this.#info.birthtime?.getTime());
  }
}

/** Also the same without support of the file system: null in Deno, 0 in its `node:fs`. */
function identityOf(ino: number | null, bornAt: number | undefined): string {
  return `${ino ?? 0} ${bornAt ?? 0}`;
}
