// Reading a file on disk that may be changed by others meanwhile, without ever mixing two states of
// it.
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readSync,
  realpathSync,
  type Stats,
} from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { iterableStream } from "../core/bytes/bytes.ts";
import { fault, isRegistryError, type RegistryError } from "../core/errors.ts";
import { fileError, onDisk } from "./file_errors.ts";
import type { FileSource } from "../core/materializer.ts";
import { shown } from "../core/naming/names.ts";

export interface DiskState {
  dev: number;
  ino: number;
  size: number;
  /** When its content changed, milliseconds since 1970. */
  mtimeMs: number;
}

export interface DiskFile {
  path: string;
  state: DiskState;
}

const CHUNK_BYTES = 1 << 20;
/** Links are not followed, and a pipe that took the file's place is not waited for. */
const FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/** What is at a path, links not followed. */
export function lookAt(path: string): Stats {
  return onDisk("read", path, () => lstatSync(path));
}

/** What is at a path where something was found before: `Conflict` where it is gone. */
export function lookAgain(path: string): Stats {
  try {
    return lstatSync(path);
  } catch (cause) {
    throw lostFile(path, cause);
  }
}

export function stateOf({ dev, ino, size, mtimeMs }: Stats): DiskState {
  return { dev, ino, size, mtimeMs };
}

/** True for the same file in the same state. */
export function isSameState(a: DiskState, b: DiskState): boolean {
  return a.dev === b.dev && a.ino === b.ino && a.size === b.size && a.mtimeMs === b.mtimeMs;
}

/** The content of a file that was found. `Conflict` where it is not in the state it was found in when it is read. */
export class DiskContent implements FileSource {
  readonly file: DiskFile;
  readonly size: number;

  constructor(file: DiskFile) {
    this.file = file;
    this.size = file.state.size;
  }

  /** All of them at once: for small files. */
  bytes(): Uint8Array {
    return readSmall(this.file);
  }

  chunks(): AsyncIterable<Uint8Array> {
    return readLarge(this.file);
  }

  stream(): ReadableStream<Uint8Array> {
    return iterableStream(this.chunks());
  }
}

function readSmall(file: DiskFile): Uint8Array {
  let fd: number | undefined;
  try {
    fd = openSync(file.path, FLAGS);
    checkState(file, fstatSync(fd));
    const bytes = new Uint8Array(file.state.size);
    let length = 0;
    for (let read = -1; read !== 0 && length < bytes.byteLength; length += read) {
      read = readSync(fd, bytes, length, bytes.byteLength - length, null);
    }
    checkState(file, fstatSync(fd));
    if (length !== file.state.size) throw changed(file.path);
    return bytes;
  } catch (cause) {
    throw lostFile(file.path, cause);
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

async function* readLarge(file: DiskFile): AsyncIterable<Uint8Array> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(file.path, FLAGS);
    checkState(file, await handle.stat());
    let length = 0;
    while (true) {
      const chunk = new Uint8Array(Math.min(CHUNK_BYTES, file.state.size - length + 1)); // one more, to see the end
      const { bytesRead } = await handle.read(chunk, 0, chunk.byteLength, null);
      if (bytesRead === 0) break;
      length += bytesRead;
      if (length > file.state.size) throw changed(file.path);
      yield chunk.subarray(0, bytesRead);
    }
    checkState(file, await handle.stat());
    if (length !== file.state.size) throw changed(file.path);
  } catch (cause) {
    throw lostFile(file.path, cause);
  } finally {
    await handle?.close();
  }
}

/** The same file number on the same disk: so it is the file that was found, whatever became of the folders above it. */
function checkState(file: DiskFile, stats: Stats): void {
  if (!stats.isFile() || !isSameState(file.state, stateOf(stats))) throw changed(file.path);
}

/** Throws `Conflict` where a folder's path leads elsewhere by now. */
export function checkFolderPlace(path: string): void {
  try {
    if (realpathSync.native(path) !== path) throw changed(path);
  } catch (cause) {
    throw lostFile(path, cause);
  }
}

/** What to throw where something that was found cannot be read any more: gone or no longer what it was is a change. */
export function lostFile(path: string, cause: unknown): unknown {
  const error = fileError("read", path, cause);
  return isRegistryError(error, "NotFound", "Invalid") ? changed(path, cause) : error;
}

export function changed(path: string, cause?: unknown): RegistryError {
  return fault({
    code: "Conflict",
    action: "save",
    subject: shown(path),
    state: "it changed while it was read",
    hint:
      "Save it when nobody writes to it, or save a copy or a snapshot of it. A registry cannot lie in the folder itself.",
    cause,
  });
}
