// Looking at files and folders. Deno's own calls take a third of the time that its `node:fs` does;
// elsewhere that is all there is.
import fs from "node:fs";
import type { Stats } from "node:fs";
import { errorCode } from "./file_errors.ts";

export interface FileLook {
  isFile: boolean;
  isDirectory: boolean;
  isSymlink: boolean;
  size: number;
  /** The change time, milliseconds; Deno 2.9 gives whole seconds of it. */
  changedAt: number;
  /** The time of modification, milliseconds. */
  modifiedAt: number;
  /** What tells it from one that was made anew under its name. */
  identity: string;
}

export interface FolderEntry {
  name: string;
  isFile: boolean;
  isDirectory: boolean;
  isSymlink: boolean;
}

export interface OpenFile {
  /** What the system says about it, whatever its name leads to by now. */
  look(): FileLook;
  /** Reads up to so many bytes from here on; 0 at the end. */
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
  readDirSync(path: string): Iterable<FolderEntry>;
  openSync(path: string): DenoFile;
}

/** What is called, where it is there, in place of slower calls; a test that replaces those of `node:fs` takes it away. */
export interface OwnCalls {
  deno?: DenoFiles;
}

/** See {@linkcode OwnCalls}. */
export const ownCalls: OwnCalls = { deno: findDeno() };

function findDeno(): DenoFiles | undefined {
  const { Deno: deno } = globalThis as { Deno?: Partial<DenoFiles> };
  return deno?.lstatSync === undefined ? undefined : deno as DenoFiles;
}

/** Looks at a path, not behind a link. Throws what the system says. */
export function look(path: string): FileLook {
  return ownCalls.deno === undefined
    ? lookOf(fs.lstatSync(path))
    : lookOfDeno(ownCalls.deno.lstatSync(path));
}

/** The same, or undefined where nothing is there. */
export function lookIfThere(path: string): FileLook | undefined {
  try {
    return look(path);
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

export function readFolder(path: string): Iterable<FolderEntry> {
  if (ownCalls.deno !== undefined) return ownCalls.deno.readDirSync(path);
  return fs.readdirSync(path, { withFileTypes: true }).map((entry) => ({
    name: entry.name,
    isFile: entry.isFile(),
    isDirectory: entry.isDirectory(),
    isSymlink: entry.isSymbolicLink(),
  }));
}

/** Opens a folder, or a file that was looked at and is an ordinary one. */
export function openFile(path: string): OpenFile {
  if (ownCalls.deno === undefined) return fileOf(fs.openSync(path, READ));
  const file = ownCalls.deno.openSync(path);
  return {
    look: () => lookOfDeno(file.statSync()),
    read: (bytes) => file.readSync(bytes) ?? 0,
    seek: (position) => void file.seekSync(position, 0),
    close: () => file.close(),
  };
}

const { O_RDONLY, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = fs.constants;
/** Follows no link, and waits for no pipe. */
const READ = O_RDONLY | O_NOFOLLOW | O_NONBLOCK;

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

/** Closes what was only read. An error of that says nothing about bytes: those that count are told by the reading. */
export function closeRead(file: number): void {
  try {
    fs.closeSync(file);
  } catch (error) {
    if (errorCode(error) === undefined) throw error;
  }
}

/** The same of what `node:fs` says. */
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

function lookOfDeno(
  { isFile, isDirectory, isSymlink, size, ctime, mtime, birthtime, ino }: DenoInfo,
): FileLook {
  return {
    isFile,
    isDirectory,
    isSymlink,
    size,
    changedAt: ctime?.getTime() ?? 0,
    modifiedAt: mtime?.getTime() ?? 0,
    identity: identityOf(ino, birthtime?.getTime()),
  };
}

/** The same of both calls, also where the file system does not tell: Deno has null for it, and its `node:fs` 0. */
function identityOf(ino: number | null, bornAt: number | undefined): string {
  return `${ino ?? 0} ${bornAt ?? 0}`;
}
