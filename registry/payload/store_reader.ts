/**
 * Reading the files of a version from the store, verified as they stream.
 *
 * @module
 */
import type { ArtifactInfo } from "../../core/artifact.ts";
import type { Backend } from "../../core/backend.ts";
import { createSha256, sha256 } from "../../core/bytes/digest.ts";
import { isRegistryError, RegistryError } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import type { Part, StoredFile } from "../../core/record/record.ts";
import type { TransferProgress, Verify } from "../../core/registry.ts";
import type { RegistryCache } from "../cache/cache.ts";
import { decodeBytes, decodeInto, decodeStream } from "./encoding.ts";
import { rangeOfFile } from "./file_reader.ts";
import type { FileReader } from "./file_reader.ts";
import type { LoadLimit } from "./load_limit.ts";
import { getPart } from "./stored_part.ts";

/** So much of a pack is read at once when a second file of it is wanted. */
const PACK_BYTES = 16 * 1024 * 1024;

/** Where the bytes of a version are. */
export interface PayloadSource {
  /** The version, for messages: `a@1.0.0`. */
  ref: string;
  /** Where its record is. */
  recordKey: string;
  /** What is known of it. */
  info: ArtifactInfo;
  /** Its files. */
  files: readonly StoredFile[];
  /** What followed the record's first line. */
  inline: Uint8Array;
  /** The key of the object that holds a part of a file. */
  keyOf(file: StoredFile, part: Part): string;
  /** Says why an object is not there. Always throws. */
  missing(key: string): Promise<never>;
}

/** How files are read. */
export interface ReadFilesOptions {
  /** How bytes are checked. */
  verify: Verify;
  /** Bounds what is read whole. @default nothing does */
  limit?: LoadLimit;
  /** Ends the reading. */
  signal?: AbortSignal;
  /** Hears of bytes as they move. */
  onProgress?: (progress: TransferProgress) => void;
}

/** A range of a larger part is not worth reading the whole, to check it. */
const MAX_CHECKED_PART_BYTES = 8 * 1024 * 1024;
/** Larger files are expanded in pieces: at once, they would be in memory twice. */
const EXPANDED_AT_ONCE_BYTES = 16 * 1024 * 1024;

/** All that reading files takes of a registry. */
export interface ReadingContext {
  /** The store. */
  backend: Backend;
  /** Keeps what was read, where there is a cache. */
  cache?: RegistryCache;
}

/** Reads a file from the store. */
export interface Reader extends FileReader {
  /** The bytes as they are stored, compressed or not; verified as such. */
  storedBytes(file: StoredFile): Promise<Uint8Array>;
  /** The same, as a stream. */
  storedChunks(file: StoredFile): AsyncIterable<Uint8Array>;
}

/** Reads the files of a version. */
export function createReader(context: ReadingContext, source: PayloadSource, options: ReadFilesOptions): Reader {
  const { backend } = context;
  const { verify, signal, onProgress } = options;
  let lastPack = "";
  let pack: { key: string; bytes: Promise<Uint8Array> } | undefined;
  let kept: { id: string; bytes: Promise<Uint8Array> } | undefined;
  let moved = 0;

  const reader: Reader = {
    async bytes(file) {
      signal?.throwIfAborted();
      const stored = await storedBytes(file);
      const bytes = file.encoding === undefined ? stored : await decode(file, stored);
      if (bytes.byteLength !== file.size) throw corrupt(file, `it has ${bytes.byteLength} bytes, not ${file.size}`);
      if (verify !== "none" && sha256(bytes) !== file.sha256) throw corrupt(file, "its SHA-256 does not match");
      progress(file, file.size);
      return bytes;
    },

    async *chunks(file) {
      const stored = storedChunks(file);
      const plain = file.encoding === undefined ? stored : decodeStream(stored, file.encoding);
      const hash = verify === "none" ? undefined : createSha256();
      let count = 0;
      try {
        for await (const chunk of plain) {
          count += chunk.byteLength;
          if (count > file.size) break;
          hash?.update(chunk);
          progress(file, chunk.byteLength);
          yield chunk;
        }
      } catch (error) {
        throw file.encoding === undefined || isRegistryError(error) || signal?.aborted
          ? error
          : corrupt(file, "it cannot be expanded", { cause: error });
      }
      if (count !== file.size) throw corrupt(file, `it does not have ${file.size} bytes`);
      if (hash !== undefined && hash.digest() !== file.sha256) throw corrupt(file, "its SHA-256 does not match");
    },

    async *range(file, range) {
      const { offset, end } = rangeOfFile(file, range);
      let missing = Math.max(end - offset, 0);
      for await (const chunk of storedRange(file, offset, end)) {
        missing -= chunk.byteLength;
        yield chunk;
      }
      if (missing !== 0) throw corrupt(file, "it is cut short");
    },

    async storedBytes(file) {
      if (file.encoding === undefined) return await reader.bytes(file);
      if (!isCheckedAsStored(file)) { for await (const _ of reader.chunks(file)); }
      return await storedBytes(file);
    },

    async *storedChunks(file) {
      if (file.encoding === undefined) yield* reader.chunks(file);
      else if (file.inline !== undefined) yield await reader.storedBytes(file);
      else {
        if (!isCheckedAsStored(file)) { for await (const _ of reader.chunks(file)); }
        yield* storedChunks(file);
      }
    },
  };
  return reader;

  /** Whether all of its stored bytes have digests of their own: inline ones have none. */
  function isCheckedAsStored({ inline, parts = [] }: StoredFile): boolean {
    return verify !== "none" && inline === undefined && parts.every((part) => part.sha256 !== undefined);
  }

  /** The digest to check a part against, where it has one, and one that says more than the file's. */
  function digestOf({ encoding, parts, sha256 }: StoredFile, part: Part): string | undefined {
    const isFile = encoding === undefined && parts?.length === 1 && part.sha256 === sha256;
    return verify === "none" || isFile ? undefined : part.sha256;
  }

  function checkPart(file: StoredFile, part: Part, size: number, digest?: string): void {
    const key = source.keyOf(file, part);
    if (size !== part.size) throw corrupt(file, `a part of it has ${size} bytes, not ${part.size}`, { key });
    if (digest !== digestOf(file, part)) throw corrupt(file, "the SHA-256 of a part of it does not match", { key });
  }

  /** The bytes as they are stored. */
  async function storedBytes(file: StoredFile): Promise<Uint8Array> {
    if (file.inline !== undefined) {
      const [offset, length] = file.inline;
      return source.inline.slice(offset, offset + length);
    }
    const { parts = [] } = file;
    if (parts.length === 1) return await partBytes(file, parts[0]);
    const whole = new Uint8Array(parts.reduce((sum, { size }) => sum + size, 0));
    let offset = 0;
    for (const part of parts) {
      whole.set(await partBytes(file, part), offset);
      offset += part.size;
    }
    return whole;
  }

  /** A part, checked. */
  async function partBytes(file: StoredFile, part: Part): Promise<Uint8Array> {
    const bytes = await readPart(file, part);
    checkPart(file, part, bytes.byteLength, digestOf(file, part) && sha256(bytes));
    return bytes;
  }

  async function readPart(file: StoredFile, part: Part): Promise<Uint8Array> {
    const key = source.keyOf(file, part);
    const { offset, size } = part;
    const inPack = offset !== undefined && offset + size <= PACK_BYTES; // other writers may pack more than this one does
    if (inPack && (pack?.key === key || lastPack === key)) return await fromPack(key, offset, size);
    if (inPack) lastPack = key; // in a pack, and perhaps not the last file that is wanted of it
    const object = await getPart(backend, key, part, { signal });
    return object === undefined ? await source.missing(key) : await object.bytes();
  }

  async function fromPack(key: string, offset: number, size: number): Promise<Uint8Array> {
    if (pack?.key !== key) {
      const wanted = pack = { key, bytes: readPack(key) }; // files that are read at the same time wait for the same bytes
      wanted.bytes.catch(() => {
        if (pack === wanted) pack = undefined; // whoever waits hears of the failure, the next one asks again
      });
    }
    return (await pack.bytes).slice(offset, offset + size);
  }

  async function readPack(key: string): Promise<Uint8Array> {
    const object = await backend.get(key, { signal, range: { offset: 0, length: PACK_BYTES } });
    return object === undefined ? await source.missing(key) : await object.bytes();
  }

  async function* storedChunks(file: StoredFile): AsyncGenerator<Uint8Array> {
    if (file.inline !== undefined) yield await storedBytes(file);
    for (const part of file.parts ?? []) yield* partChunks(file, part, 0, part.size);
  }

  async function* storedRange(file: StoredFile, offset: number, end: number): AsyncGenerator<Uint8Array> {
    if (file.inline !== undefined) yield (await storedBytes(file)).subarray(offset, end);
    let start = 0;
    for (const part of file.parts ?? []) {
      const from = Math.max(offset, start) - start, to = Math.min(end, start + part.size) - start;
      const isWhole = from === 0 && to === part.size;
      if (from < to && !isWhole && digestOf(file, part) !== undefined && part.size <= MAX_CHECKED_PART_BYTES) {
        yield (await keptPart(file, part)).slice(from, to);
      } else if (from < to) yield* partChunks(file, part, from, to - from);
      start += part.size;
    }
  }

  /** A part of which a range is wanted, checked: the next range is often of the same one. */
  async function keptPart(file: StoredFile, part: Part): Promise<Uint8Array> {
    const id = `${source.keyOf(file, part)} ${part.offset ?? 0} ${part.size} ${part.sha256}`;
    if (kept?.id !== id) {
      const wanted = kept = { id, bytes: partBytes(file, part) };
      wanted.bytes.catch(() => {
        if (kept === wanted) kept = undefined;
      });
    }
    return await kept.bytes;
  }

  /** Bytes of a part. All of them are checked when the last has passed. */
  async function* partChunks(file: StoredFile, part: Part, from: number, length: number): AsyncGenerator<Uint8Array> {
    signal?.throwIfAborted();
    const key = source.keyOf(file, part);
    const object = await getPart(backend, key, part, { offset: from, length, signal });
    if (object === undefined) return await source.missing(key);
    const isWhole = length === part.size;
    const hash = isWhole && digestOf(file, part) !== undefined ? createSha256() : undefined;
    let count = 0;
    for await (const chunk of object.body) {
      hash?.update(chunk);
      count += chunk.byteLength;
      yield chunk;
    }
    if (isWhole) checkPart(file, part, count, hash?.digest());
  }

  async function decode(file: StoredFile, stored: Uint8Array): Promise<Uint8Array> {
    const { size, encoding } = file;
    const target = size > EXPANDED_AT_ONCE_BYTES ? new Uint8Array(size) : undefined;
    try {
      if (target === undefined) return decodeBytes(stored, encoding!, size);
      const count = await decodeInto(target, stored, encoding!);
      if (count === size) return target;
      throw corrupt(file, `it does not have ${size} bytes`);
    } catch (cause) {
      throw isRegistryError(cause) ? cause : corrupt(file, "it cannot be expanded", { cause });
    }
  }

  function progress(file: StoredFile, bytes: number): void {
    moved += bytes;
    onProgress?.({ path: file.path, bytes: moved, totalBytes: source.info.size });
  }

  function corrupt(
    file: StoredFile,
    state: string,
    { key, cause }: { key?: string; cause?: unknown } = {},
  ): RegistryError {
    return new RegistryError({
      code: "Corrupt",
      message: `Cannot read file ${shown(file.path)} of "${source.ref}": ${state}`,
      hint:
        "The stored bytes changed. Restore them from a copy, or save the value again with base: null, which shares nothing with it.",
      key: key ?? (file.parts?.[0] === undefined ? source.recordKey : source.keyOf(file, file.parts[0])),
      backend: backend.location,
      cause,
    });
  }
}
