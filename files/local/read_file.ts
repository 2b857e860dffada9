/**
 * Reading a file on a disk: in the state in which it was found, or not at all.
 *
 * @module
 */
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { open as openFile } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { Readable } from "node:stream";
import { isSameState, stateOf } from "../../core/disk/disk_file.ts";
import type { DiskState } from "../../core/disk/disk_file.ts";
import { fileError } from "../../core/disk/file_errors.ts";
import { RegistryError } from "../../core/errors.ts";
import type { FileToDecode } from "../../core/format.ts";
import { shown } from "../../core/naming/names.ts";

const CHUNK_BYTES = 1 << 20;
/** Links are not followed, and a pipe that took the file's place is not waited for. */
const FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/**
 * A file that was found, to be read in this state: where it was replaced since, that is a `Conflict`.
 *
 * @param path the path in the store, for messages
 * @param place where it lies
 */
export function foundFile(path: string, place: { onDisk: string; found: DiskState }): FileToDecode {
  const { onDisk, found } = place;
  return {
    path,
    size: found.size,
    bytes: () => new Promise((resolve) => resolve(readWhole(path, onDisk, found))),
    stream: (range) => readStream(path, { onDisk, found, range }),
  };
}

function readWhole(path: string, onDisk: string, found: DiskState): Uint8Array {
  return withFile(path, onDisk, (file, state) => {
    if (!isSameState(state, found)) throw changed(path);
    const bytes = new Uint8Array(found.size);
    let at = 0;
    for (let read = -1; read !== 0 && at < bytes.byteLength; at += read) {
      read = readSync(file, bytes, at, bytes.byteLength - at, null);
    }
    if (at < bytes.byteLength || !isSameState(stateOf(fstatSync(file)), found)) throw changed(path);
    return bytes;
  });
}

interface StreamOptions {
  onDisk: string;
  found: DiskState;
  range?: { offset: number; length?: number };
}

function readStream(path: string, { onDisk, found, range }: StreamOptions): ReadableStream<Uint8Array> {
  const start = Math.min(range?.offset ?? 0, found.size);
  const end = range?.length === undefined ? found.size : Math.min(start + range.length, found.size);
  async function* chunks() {
    if (start >= end) return;
    let file: FileHandle | undefined;
    try {
      file = await openFile(onDisk, FLAGS);
      for (let at = start; at < end;) {
        const chunk = new Uint8Array(Math.min(CHUNK_BYTES, end - at));
        const { bytesRead } = await file.read(chunk, 0, chunk.byteLength, at);
        if (bytesRead === 0) throw changed(path);
        // Looked at again before it is given: who writes into the file itself changes its time.
        if (!isSameState(stateOf(await file.stat()), found)) throw changed(path);
        at += bytesRead;
        yield chunk.subarray(0, bytesRead);
      }
    } catch (error) {
      throw fileError("read", path, error);
    } finally {
      await file?.close();
    }
  }
  return Readable.toWeb(Readable.from(chunks(), { objectMode: true, highWaterMark: 1 })) as ReadableStream<Uint8Array>;
}

function open(path: string, onDisk: string): number {
  try {
    return openSync(onDisk, FLAGS);
  } catch (error) {
    throw fileError("read", path, error);
  }
}

function withFile<T>(path: string, onDisk: string, action: (file: number, state: DiskState) => T): T {
  const file = open(path, onDisk);
  try {
    const stats = fstatSync(file);
    if (!stats.isFile()) throw changed(path);
    return action(file, stateOf(stats));
  } catch (error) {
    throw fileError("read", path, error);
  } finally {
    closeSync(file);
  }
}

function changed(path: string): RegistryError {
  return new RegistryError({
    code: "Conflict",
    message: `Cannot read ${shown(path)}: it changed meanwhile`,
    hint: "Open it again: what is there now is another file.",
    key: path,
  });
}
