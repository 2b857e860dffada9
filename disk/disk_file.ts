// Reads a file that others may change, without ever mixing two states of it.
import { closeSync, fstatSync, lstatSync, openSync } from "node:fs";
import { readlinkSync, readSync, realpathSync } from "node:fs";
import type { Stats } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { pathToFileURL } from "node:url";
import type { Backend, ByteRange, CallOptions, ObjectInfo } from "../core/backend.ts";
import { iterableStream } from "../core/bytes/bytes.ts";
import type { TakeMemory } from "../core/bytes/own_memory.ts";
import { isRegistryError } from "../core/errors.ts";
import { READ } from "./disk_calls.ts";
import { fileError } from "./file_errors.ts";
import type { FileSource } from "../core/materializer.ts";
import { isGranted } from "../core/system.ts";
import { sourceChanged } from "../core/work/source_change.ts";

interface DiskState {
  dev: number;
  ino: number;
  size: number;
  /** The modification time, milliseconds since 1970. */
  mtimeMs: number;
  /** The change time, which no program sets; whole seconds in Deno 2.9. */
  ctimeMs: number;
}

export interface DiskFile {
  path: string;
  state: DiskState;
  /** Its writer gives it away: nobody changes it any more, and it may get other names. */
  given?: boolean;
}

/** Returns true for a place, a path without links, whose content may be read. */
type Allows = (place: string) => boolean;

interface DiskContentOptions {
  /** Read it even if it looks unchanged since the last save. @default false */
  readAll?: boolean;
  /** Called once the file is open, with the place that it then has. @default all */
  allows?: Allows;
}

interface ReadOptions {
  /** @default the whole file */
  range?: Required<ByteRange>;
  /** @default new memory for each chunk */
  take?: TakeMemory;
}

const CHUNK_BYTES = 1 << 20;

export function stateOf({ dev, ino, size, mtimeMs, ctimeMs }: DiskState): DiskState {
  return { dev, ino, size, mtimeMs, ctimeMs };
}

export function isSameState(a: DiskState, b: DiskState): boolean {
  return a.dev === b.dev && a.ino === b.ino && a.size === b.size && a.mtimeMs === b.mtimeMs &&
    a.ctimeMs === b.ctimeMs;
}

type Identity = Pick<DiskState, "dev" | "ino">;

function isSameFile(a: Identity, b: Identity): boolean {
  return a.dev === b.dev && a.ino === b.ino;
}

/** The content of a file. Reading it is a `Conflict` if it changed since it was found. */
export class DiskContent implements FileSource {
  readonly file: DiskFile;
  readonly size: number;
  /** True if it is read even if it looks unchanged since the last save. */
  readonly readAll: boolean;
  readonly #allows?: Allows;

  constructor(file: DiskFile, { readAll = false, allows }: DiskContentOptions = {}) {
    this.file = file;
    this.readAll = readAll;
    this.size = file.state.size;
    this.#allows = allows;
  }

  /** True if it has no bytes. Files in /proc and some of FUSE have content, but a size of 0. */
  isEmpty(): boolean {
    return this.size === 0 && readSmall(this.file, this.#allows, 1).byteLength === 0;
  }

  /** Reads everything at once, for small files. */
  bytes(): Uint8Array {
    return readSmall(this.file, this.#allows);
  }

  chunks(options: ReadOptions = {}): AsyncIterable<Uint8Array> {
    return readLarge(this.file, this.#allows, options);
  }

  stream(): ReadableStream<Uint8Array> {
    return iterableStream(this.chunks());
  }

  /** Makes a file that was given away an object, and reads it meanwhile; undefined for others. */
  giveTo(
    store: Backend,
    to: string,
    { read, signal }: CallOptions & { read: () => AsyncIterable<Uint8Array> },
  ): Promise<ObjectInfo> | undefined {
    const { path, given, state: { size } } = this.file;
    if (!given || store.kind !== "local") return undefined;
    const other = { location: `${pathToFileURL(dirname(path))}/`, size };
    return whileReading(store.copy!(basename(path), to, { signal, other }), read());
  }
}

async function whileReading<T>(taking: Promise<T>, chunks: AsyncIterable<Uint8Array>): Promise<T> {
  const ended = taking.catch(() => {}); // thrown below
  try {
    for await (const _ of chunks);
  } finally {
    await ended;
  }
  return await taking;
}

function readSmall(file: DiskFile, allows?: Allows, size = file.state.size): Uint8Array {
  let fd: number | undefined;
  try {
    fd = openSync(file.path, READ);
    const stats = fstatSync(fd);
    checkState(file, stats);
    checkPlace(file, allows, { fd, stats });
    const bytes = new Uint8Array(size);
    let length = 0;
    for (let read = -1; read !== 0 && length < bytes.byteLength; length += read) {
      read = readSync(fd, bytes, length, bytes.byteLength - length, null);
    }
    checkState(file, fstatSync(fd));
    if (length < file.state.size) throw sourceChanged(file.path);
    return bytes.subarray(0, length);
  } catch (cause) {
    throw lostFile(file.path, cause);
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

async function* readLarge(
  file: DiskFile,
  allows: Allows | undefined,
  { range, take = (size) => new Uint8Array(size) }: ReadOptions,
): AsyncIterable<Uint8Array> {
  const { size } = file.state;
  const { offset, length } = range ?? { offset: 0, length: size || Infinity };
  const end = offset + length, isToEnd = end >= size;
  let handle: FileHandle | undefined;
  try {
    handle = await open(file.path, READ);
    const stats = await handle.stat();
    checkState(file, stats);
    checkPlace(file, allows, { fd: handle.fd, stats });
    let at = offset;
    while (isToEnd || at < end) {
      // One byte more than the file has, to notice growth.
      const chunk = take(Math.min(CHUNK_BYTES, end - at + Number(isToEnd)));
      const { bytesRead } = await handle.read(chunk, 0, chunk.byteLength, at);
      if (bytesRead === 0) break;
      at += bytesRead;
      if (at > end) throw sourceChanged(file.path);
      yield chunk.subarray(0, bytesRead);
    }
    checkState(file, await handle.stat());
    if (at < end && end < Infinity) throw sourceChanged(file.path);
  } catch (cause) {
    throw lostFile(file.path, cause);
  } finally {
    await handle?.close();
  }
}

/** Throws `Denied` for a file that this program may not read. */
export function checkReadable(path: string): void {
  try {
    closeSync(openSync(path, READ));
  } catch (cause) {
    throw lostFile(path, cause);
  }
}

/** The inode and device identify the file that was found, even if its path leads elsewhere. */
function checkState({ path, state, given }: DiskFile, stats: Stats): void {
  const found = given ? { ...stateOf(stats), ctimeMs: state.ctimeMs } : stats; // names change it
  if (!stats.isFile() || !isSameState(state, found)) throw sourceChanged(path);
}

interface OpenedFile {
  fd: number;
  stats: Identity;
}

/**
 * Returns the path without links that an open file has now; undefined if that is not known. On Linux
 * the system reports it. Elsewhere it is the path by which the file was opened, if that has no links
 * and leads to it, before and after the file at its end is compared.
 */
function placeOf(path: string, { fd, stats }: OpenedFile): string | undefined {
  try {
    // Without all permissions, Deno would ask.
    if (isGranted({ name: "ffi" })) return readlinkSync(`/proc/self/fd/${fd}`);
  } catch { // another system, or not mounted
  }
  try {
    const isHere = () => realpathSync.native(path) === path;
    return isHere() && isSameFile(lstatSync(path), stats) && isHere() ? path : undefined;
  } catch {
    return undefined;
  }
}

/** Its path may have led elsewhere just before it was opened. */
function checkPlace({ path }: DiskFile, allows: Allows | undefined, opened: OpenedFile): void {
  if (allows === undefined) return;
  const place = placeOf(path, opened);
  if (place === undefined || !allows(place)) throw sourceChanged(path);
}

/** Throws `Conflict` if the path of a folder leads elsewhere by now. */
export function checkFolderPlace(path: string, before: Identity): void {
  try {
    const isSame = realpathSync.native(path) === path && isSameFile(lstatSync(path), before);
    if (!isSame) throw sourceChanged(path);
  } catch (cause) {
    throw lostFile(path, cause);
  }
}

/** Returns the error of a failed read. A file that is gone, or no longer a file, was changed. */
export function lostFile(path: string, cause: unknown): unknown {
  const error = fileError("read", path, cause);
  return isRegistryError(error, "NotFound", "Invalid") ? sourceChanged(path, cause) : error;
}
