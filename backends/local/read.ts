// Reads of objects. Up to 1 MiB is read at once; a larger object is opened on the first read, so
// that an unread object keeps no file open.
import fs from "node:fs";
import { dirname } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import type { GetOptions, ObjectInfo, StoredObject } from "../../core/backend.ts";
import { clipRange, iterableStream, storedBytes, storedObject } from "../../core/bytes/bytes.ts";
import type { RegistryError } from "../../core/errors.ts";
import { forEachAtOnce } from "../../core/work/at_once.ts";
import { closeRead, type FileLook, look, type OpenFile, openFile } from "../../disk/disk_calls.ts";
import { openObject } from "./open_object.ts";
import { isOrdinary } from "./own_files.ts";
import { type LocalRoot, objectInfo } from "./root.ts";

/** A file that is replaced in between is read again; so many times only without stable numbers. */
const MAX_TRIES = 100;
const AT_ONCE_BYTES = 1 << 20;
const CHUNK_BYTES = 1 << 20;
const SLICE_BYTES = 1 << 23;

const read = promisify(fs.read);

export function readObject(
  root: LocalRoot,
  key: string,
  options: GetOptions,
): StoredObject | undefined {
  const path = root.fileOf(key);
  try {
    root.ways.check(dirname(path));
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const then = look(path);
      if (!isOrdinary(then, { key, backend: root.location })) return undefined;
      const object = readOpened(root, { key, path }, options, then.identity);
      if (object !== undefined) return object; // else it was replaced in between
    }
    throw root.fault("read", key, {
      code: "Unsupported",
      state: "the inode number of its file changes between reads",
      hint: "Use a file system or a mount with stable inode numbers.",
    });
  } catch (error) {
    if (root.isMissing(error)) return undefined;
    throw root.failure(error, { action: "read", key });
  }
}

/** Like {@linkcode readObject}, for a file that was just found in a checked folder. */
export function readFile(
  root: LocalRoot,
  file: { key: string; path: string },
  options: GetOptions,
): StoredObject | undefined {
  try {
    return readOpened(root, file, options);
  } catch (error) {
    if (root.isMissing(error)) return undefined;
    throw root.failure(error, { action: "read", key: file.key });
  }
}

/**
 * Returns undefined if the file is not a regular one, or another than inspected before. Without a
 * known identity the path is inspected after opening: a new link would lead to another file.
 */
function readOpened(
  root: LocalRoot,
  { key, path }: { key: string; path: string },
  options: GetOptions,
  identity?: string,
): StoredObject | undefined {
  const file = openFile(path);
  try {
    const state = file.look();
    if (!state.isFile || state.identity !== (identity ?? look(path).identity)) return undefined;
    const info = objectInfo(key, state);
    const { start, end } = clipRange(options.range, info);
    if (end - start > AT_ONCE_BYTES) {
      const url = pathToFileURL(path).href;
      return largeObject(root, info, { url, found: state, start, end, signal: options.signal });
    }
    return storedBytes(info, readAtOnce(root, file, info, { start, end }));
  } finally {
    file.close();
  }
}

function readAtOnce(
  root: LocalRoot,
  file: OpenFile,
  info: ObjectInfo,
  { start, end }: { start: number; end: number },
): Uint8Array {
  const bytes = new Uint8Array(end - start);
  if (start > 0) file.seek(start);
  for (let done = 0; done < bytes.byteLength;) {
    const count = file.read(done === 0 ? bytes : bytes.subarray(done));
    if (count === 0) throw endedEarly(root, info);
    done += count;
  }
  return bytes;
}

interface Span {
  url: string;
  found: FileLook;
  start: number;
  end: number;
  signal?: AbortSignal;
}

function largeObject(root: LocalRoot, info: ObjectInfo, span: Span): StoredObject {
  const { start, end } = span;

  async function* chunks(memory?: Uint8Array) {
    const file = openAgain(root, info, span.found);
    try {
      for (let offset = start; offset < end; offset += CHUNK_BYTES) {
        const length = Math.min(CHUNK_BYTES, end - offset);
        const chunk = memory?.subarray(0, length) ?? new Uint8Array(length);
        await fill(file, chunk, offset);
        yield chunk;
      }
    } finally {
      closeRead(file);
    }
  }

  async function fill(file: number, bytes: Uint8Array, position: number): Promise<void> {
    for (let done = 0; done < bytes.byteLength;) {
      span.signal?.throwIfAborted();
      const length = Math.min(SLICE_BYTES, bytes.byteLength - done);
      const { bytesRead } = await read(file, bytes, done, length, position + done).catch(
        (error) => {
          throw root.failure(error, { action: "read", key: info.key });
        },
      );
      if (bytesRead === 0) throw endedEarly(root, info);
      done += bytesRead;
    }
  }

  return storedObject(info, {
    url: span.url,
    body: () => iterableStream(chunks()),
    async bytes() {
      const bytes = new Uint8Array(end - start), middle = bytes.byteLength >> 1;
      // The system clears memory while it is read into. Reads of one open file wait for each other.
      await forEachAtOnce([bytes.subarray(0, middle), bytes.subarray(middle)], async (half) => {
        const file = openAgain(root, info, span.found);
        await fill(file, half, start + half.byteOffset).finally(() => closeRead(file));
      });
      return bytes;
    },
    async passTo(write) {
      const memory = new Uint8Array(CHUNK_BYTES); // a chunk is valid until it is written
      for await (const chunk of chunks(memory)) await write(chunk);
    },
  });
}

/** Opens an object again. The key may have another object now, but a file never changes. */
function openAgain(root: LocalRoot, info: ObjectInfo, then: FileLook): number {
  try {
    const opened = openObject(root, info.key);
    const now = opened?.found;
    const isSame = now?.identity === then.identity && now.size === then.size &&
      now.modifiedAt === then.modifiedAt;
    if (isSame) return opened!.file;
    if (opened !== undefined) closeRead(opened.file);
  } catch (error) {
    if (!root.isMissing(error)) throw root.failure(error, { action: "read", key: info.key });
  }
  throw root.fault("read", info.key, {
    code: "Conflict",
    state: "it was replaced or deleted during the request",
    hint: "Read it again.",
  });
}

function endedEarly(root: LocalRoot, { key, size }: ObjectInfo): RegistryError {
  return root.fault("read", key, {
    code: "Corrupt",
    state: `the file is truncated: expected ${size} bytes`,
    hint: "Another program changed the file: repair it from a mirror with `verify`.",
  });
}
