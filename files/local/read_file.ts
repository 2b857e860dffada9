// Reads a file on a disk in the state that a lookup returned, or fails.
import { type FileHandle, open } from "node:fs/promises";
import { type FileLook, lookOf, type OpenFile, openFile, READ } from "../../disk/disk_calls.ts";
import { errorCode, fileError } from "../../disk/file_errors.ts";
import { iterableStream } from "../../core/bytes/bytes.ts";
import { forEachAtOnce } from "../../core/work/at_once.ts";
import { fault, type RegistryError } from "../../core/errors.ts";
import type { FileToDecode } from "../../core/file_store.ts";
import { shown } from "../../core/naming/names.ts";

/** Up to this size files are read synchronously, and larger ones in chunks of it. */
const CHUNK_BYTES = 1 << 20;
const SLICE_BYTES = 1 << 23;

interface Source {
  path: string;
  onDisk: string;
  expected: FileLook;
  /** Memory for all its bytes. @default new memory for each chunk */
  into?: Uint8Array;
}

/** Returns a file to read in an expected state. Reading is a `Conflict` if the file was replaced since. */
export function fileInState(source: Source): FileToDecode {
  const { path, expected: { size } } = source;
  return {
    path,
    size,
    bytes: async () =>
      size <= CHUNK_BYTES ? readAtOnce(source, 0, size) : await readInChunks(source),
    stream: ({ offset, length = size } = { offset: 0 }) =>
      iterableStream(readChunks(source, offset, Math.min(offset + length, size))),
  };
}

/** Reads the bytes from `start` to before `end`. */
function readAtOnce({ path, onDisk, expected }: Source, start: number, end: number): Uint8Array {
  let file: OpenFile | undefined;
  try {
    file = openFile(onDisk);
    checkSame(path, file.look(), expected);
    const bytes = new Uint8Array(end - start);
    if (start > 0) file.seek(start);
    for (let at = 0; at < bytes.byteLength;) {
      const read = file.read(bytes.subarray(at));
      if (read === 0) throw changed(path);
      at += read;
    }
    checkSame(path, file.look(), expected);
    return bytes;
  } catch (error) {
    throw failed(path, error);
  } finally {
    file?.close();
  }
}

async function readInChunks(source: Source): Promise<Uint8Array> {
  const { size } = source.expected, into = new Uint8Array(size), middle = size >> 1;
  // The system clears memory while it is read into. Reads of one open file wait for each other.
  await forEachAtOnce([[0, middle], [middle, size]] as const, async ([start, end]) => {
    for await (const _ of readChunks({ ...source, into }, start, end));
  });
  return into;
}

async function* readChunks(source: Source, start: number, end: number): AsyncGenerator<Uint8Array> {
  const { path, onDisk, expected, into } = source;
  if (start >= end) return;
  if (!into && end - start <= CHUNK_BYTES) return yield readAtOnce(source, start, end);
  let file: FileHandle | undefined;
  try {
    file = await open(onDisk, READ);
    for (let at = start; at < end;) {
      const chunk = into?.subarray(at, Math.min(at + SLICE_BYTES, end)) ??
        new Uint8Array(Math.min(CHUNK_BYTES, end - at));
      const { bytesRead } = await file.read(chunk, 0, chunk.byteLength, at);
      if (bytesRead === 0) throw changed(path);
      checkSame(path, lookOf(await file.stat()), expected); // a write in place changes its time
      at += bytesRead;
      yield chunk.subarray(0, bytesRead);
    }
  } catch (error) {
    throw failed(path, error);
  } finally {
    await file?.close();
  }
}

function checkSame(path: string, look: FileLook, expected: FileLook): void {
  const isSame = look.isFile && look.identity === expected.identity &&
    look.size === expected.size &&
    look.modifiedAt === expected.modifiedAt && look.changedAt === expected.changedAt;
  if (!isSame) throw changed(path);
}

/**
 * Returns the error of a failed read. A parent that is no longer a folder means a replaced file.
 */
function failed(path: string, error: unknown): unknown {
  return ["ENOTDIR", "ELOOP"].includes(errorCode(error) ?? "")
    ? changed(path)
    : fileError("read", path, error);
}

function changed(path: string): RegistryError {
  const state = "it changed after it was opened";
  const hint = "Open it again to read the new file.";
  return fault({ code: "Conflict", action: "read", subject: shown(path), state, hint, key: path });
}
