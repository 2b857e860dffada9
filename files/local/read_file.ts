// Reading a file on a disk: in the state in which it was found, or not at all.
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { type FileLook, lookOf, type OpenFile, openFile } from "../../disk/disk_calls.ts";
import { errorCode, fileError } from "../../disk/file_errors.ts";
import { iterableStream } from "../../core/bytes/bytes.ts";
import { fault, type RegistryError } from "../../core/errors.ts";
import type { FileToDecode } from "../../core/file_store.ts";
import { shown } from "../../core/naming/names.ts";

/** What is read at once, while nothing else is done: more is read while others go on. */
const AT_ONCE_BYTES = 1 << 20;
const CHUNK_BYTES = 1 << 20;
/** Links are not followed, and a pipe that took the file's place is not waited for. */
const FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/**
 * A file that was found, to be read in this state: where it was replaced since, that is a `Conflict`.
 *
 * @param path the path in the store, for messages
 * @param place where it lies
 */
export function foundFile(path: string, place: { onDisk: string; found: FileLook }): FileToDecode {
  const { found } = place;
  return {
    path,
    size: found.size,
    bytes: async () =>
      found.size <= AT_ONCE_BYTES
        ? readSmall(path, { ...place, start: 0, end: found.size })
        : await readLarge(path, place),
    stream: (range) => iterableStream(readChunks(path, { ...place, range })),
  };
}

interface Part {
  onDisk: string;
  found: FileLook;
  /** The first byte, and the one behind the last. */
  start: number;
  end: number;
}

function readSmall(path: string, { onDisk, found, start, end }: Part): Uint8Array {
  let file: OpenFile | undefined;
  try {
    file = openFile(onDisk);
    checkSame(path, file.look(), found);
    const bytes = new Uint8Array(end - start);
    if (start > 0) file.seek(start);
    for (let at = 0; at < bytes.byteLength;) {
      const read = file.read(bytes.subarray(at));
      if (read === 0) throw changed(path);
      at += read;
    }
    checkSame(path, file.look(), found);
    return bytes;
  } catch (error) {
    throw failed(path, error);
  } finally {
    file?.close();
  }
}

async function readLarge(
  path: string,
  place: { onDisk: string; found: FileLook },
): Promise<Uint8Array> {
  const bytes = new Uint8Array(place.found.size);
  let at = 0;
  for await (const chunk of readChunks(path, place)) {
    bytes.set(chunk, at);
    at += chunk.byteLength;
  }
  return bytes;
}

interface ChunkOptions {
  onDisk: string;
  found: FileLook;
  range?: { offset: number; length?: number };
}

async function* readChunks(
  path: string,
  { onDisk, found, range }: ChunkOptions,
): AsyncGenerator<Uint8Array> {
  const start = Math.min(range?.offset ?? 0, found.size);
  const end = range?.length === undefined ? found.size : Math.min(start + range.length, found.size);
  if (start >= end) return;
  if (end - start <= AT_ONCE_BYTES) return yield readSmall(path, { onDisk, found, start, end });
  let file: FileHandle | undefined;
  try {
    file = await open(onDisk, FLAGS);
    for (let at = start; at < end;) {
      const chunk = new Uint8Array(Math.min(CHUNK_BYTES, end - at));
      const { bytesRead } = await file.read(chunk, 0, chunk.byteLength, at);
      if (bytesRead === 0) throw changed(path);
      // Looked at again before it is given: who writes into the file itself changes its time.
      checkSame(path, lookOf(await file.stat()), found);
      at += bytesRead;
      yield chunk.subarray(0, bytesRead);
    }
  } catch (error) {
    throw failed(path, error);
  } finally {
    await file?.close();
  }
}

function checkSame(path: string, look: FileLook, found: FileLook): void {
  const isSame = look.isFile && look.identity === found.identity && look.size === found.size &&
    look.modifiedAt === found.modifiedAt;
  if (!isSame) throw changed(path);
}

/** Returns the error of a failed read. If a folder above the file is no longer a folder, it was replaced. */
function failed(path: string, error: unknown): unknown {
  return ["ENOTDIR", "ELOOP"].includes(errorCode(error)!)
    ? changed(path)
    : fileError("read", path, error);
}

function changed(path: string): RegistryError {
  return fault({
    code: "Conflict",
    action: "read",
    subject: shown(path),
    state: "it changed meanwhile",
    hint: "Open it again: what is there now is another file.",
    key: path,
  });
}
