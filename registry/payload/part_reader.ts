// Reads the stored bytes of a file, whole or in part: from the record, from a pack with others, or
// from objects of its own.
import type { Backend } from "../../core/backend.ts";
import { passObject, tapped } from "../../core/bytes/bytes.ts";
import {
  ChunkList,
  type FileRange,
  MAX_CHUNK_LIST_BYTES,
} from "../../core/bytes/content_chunks.ts";
import { createRunCheck, sha256 } from "../../core/bytes/digest.ts";
import { corrupt, type RegistryError } from "../../core/errors.ts";
import { saveAgain } from "../format/record_codec.ts";
import { shown } from "../../core/naming/names.ts";
import type { Part, StoredFile } from "../../core/record.ts";
import type { Verify } from "../../core/registry.ts";
import { getPart, type PartRun, partsWithin, runsOf } from "../cell/part_runs.ts";
import { type PlannedRead, type ReadInto, readRanges, type WindowOptions } from "./read_ranges.ts";

/** Bytes of a pack that are read at once when a second file of it is requested. */
const PACK_BYTES = 16 * 1024 * 1024;
/** Windows up to this size are read whole: a stream takes several times the processor time. */
const AT_ONCE_BYTES = 1024 * 1024;

export interface PartSource {
  ref: string;
  recordKey: string;
  inline: Uint8Array;
  keyOf(file: StoredFile, part: Part): string;
  /** Throws the reason why an object is missing. */
  missing(key: string): Promise<never>;
}

export function otherDigest(digest: string, expected: string): string {
  return `its SHA-256 is ${digest}, expected ${expected}`;
}

export interface PartReaderOptions {
  source: PartSource;
  backend: Backend;
  verify: Verify;
  signal?: AbortSignal;
}

/** Keeps the result of the last read. Concurrent reads of the same id share it. */
class LastRead {
  id = "";
  #bytes?: Promise<Uint8Array>;

  async get(id: string, read: () => Promise<Uint8Array>): Promise<Uint8Array> {
    if (this.id !== id) {
      this.id = id;
      const bytes = this.#bytes = read();
      bytes.catch(() => {
        if (this.#bytes === bytes) this.id = ""; // the next read tries again
      });
    }
    return await this.#bytes!;
  }
}

/** Reads the stored bytes of files. Reads of the same version share requests. */
export class PartReader {
  readonly #source: PartSource;
  readonly #backend: Backend;
  readonly #verify: Verify;
  readonly #signal?: AbortSignal;
  /** Key of the pack that was read last. */
  #lastPack = "";
  /** The beginning of a pack, by its key, once a second file of it was requested. */
  readonly #pack = new LastRead();

  constructor({ source, backend, verify, signal }: PartReaderOptions) {
    this.#source = source;
    this.#backend = backend;
    this.#verify = verify;
    this.#signal = signal;
  }

  /** Reads the stored bytes; with `check`, verifies their parts. */
  async bytes(file: StoredFile, { check }: { check: boolean }): Promise<Uint8Array> {
    if (file.inline !== undefined) return this.#inlineBytes(file);
    const runs = runsOf(file.parts), [run] = runs;
    const bytes = run !== undefined && runs.length === 1 && run.parts.length === 1
      ? await this.#readPart(file, run.parts[0])
      : await this.slice(file, { from: 0, to: runs.reduce((sum, { size }) => sum + size, 0) });
    if (check) this.#checkOf(file)(bytes);
    return bytes;
  }

  /** Reads a range, unverified. */
  async slice(file: StoredFile, range: FileRange): Promise<Uint8Array> {
    const within = partsWithin(file, range), [first] = within;
    const [run, ...others] = runsOf(within.map(({ part }) => part));
    const size = range.to - range.from;
    if (run !== undefined && others.length === 0) {
      const offset = (run.offset ?? 0) + range.from - first!.from;
      return await this.#read(file, { part: run.parts[0], offset, size });
    }
    const bytes = new Uint8Array(size);
    let at = 0;
    for await (const chunk of this.ranges(file, [range])) {
      bytes.set(chunk, at);
      at += chunk.byteLength;
    }
    return bytes;
  }

  /** Reads the stored bytes in order; with `check`, verifies each part at its end. */
  chunks(
    file: StoredFile,
    { check, ...options }: WindowOptions & { check: boolean },
  ): AsyncIterable<Uint8Array> {
    const stream = this.stream(file, { from: 0, to: Infinity, ...options });
    return check ? tapped(stream, this.#checkOf(file)) : stream;
  }

  /** Reads a range in order, unverified. */
  async *stream(
    file: StoredFile,
    { windowBytes, ...range }: WindowOptions & FileRange,
  ): AsyncGenerator<Uint8Array> {
    if (file.inline !== undefined) yield this.#inlineBytes(file).subarray(range.from, range.to);
    const within = partsWithin(file, range), [first] = within;
    if (first === undefined) return;
    const runs = runsOf(within.map(({ part }) => part));
    if (runs.length === 1) {
      return yield* this.#runChunks(file, runs[0]!, { ...range, start: first.from, windowBytes });
    }
    for await (const chunk of this.ranges(file, [range], { windowBytes })) {
      yield chunk.slice(); // readers own what they receive
    }
  }

  /** Passes a range to `write` as it arrives, unverified. */
  async pass(
    file: StoredFile,
    { signal = this.#signal, ...range }: FileRange & { signal?: AbortSignal },
    write: (chunk: Uint8Array) => void | Promise<void>,
  ): Promise<void> {
    const { from: offset, to: end } = range;
    if (file.inline !== undefined) await write(this.#inlineBytes(file).subarray(offset, end));
    const runs = runsOf(file.parts), [run] = runs;
    if (run === undefined) return;
    if (runs.length > 1) {
      for await (const chunk of this.ranges(file, [range], { signal })) await write(chunk);
      return;
    }
    const length = Math.min(end, run.size) - offset;
    if (length <= 0) return;
    signal?.throwIfAborted();
    const key = this.#source.keyOf(file, run.parts[0]);
    const span = { offset, length, passing: true, signal };
    const object = await getPart(this.#backend, key, run, span);
    if (object === undefined) return await this.#source.missing(key);
    let count = 0;
    await passObject(object, (chunk) => {
      count += chunk.byteLength;
      return write(chunk);
    }, signal);
    this.#checkSize(file, run.parts[0], { size: length, count });
  }

  /** Yields the bytes of ranges, in order; each chunk is valid until the next one. */
  async *ranges(
    file: StoredFile,
    ranges: readonly FileRange[],
    { windowBytes, signal = this.#signal }: WindowOptions & { signal?: AbortSignal } = {},
  ): AsyncGenerator<Uint8Array> {
    const read: ReadInto = (...how) => this.#readInto(file, ...how);
    yield* readRanges(runsOf(file.parts), ranges, { read, windowBytes, signal });
  }

  async #readInto(
    file: StoredFile,
    target: Uint8Array,
    { part, ...range }: PlannedRead,
    signal: AbortSignal,
  ): Promise<Uint8Array> {
    const key = this.#source.keyOf(file, part);
    const object = await getPart(this.#backend, key, range, { passing: true, signal });
    if (object === undefined) return await this.#source.missing(key);
    let count = 0;
    await passObject(object, (chunk) => {
      if (count + chunk.byteLength <= range.size) target.set(chunk, count);
      count += chunk.byteLength;
    }, signal);
    this.#checkSize(file, part, { size: range.size, count });
    return target;
  }

  /** Reads the list of a file's chunks; undefined if there is none. */
  async chunkList(file: StoredFile): Promise<ChunkList | undefined> {
    const part = file.chunks;
    if (part === undefined) return undefined;
    const isShort = part.size <= MAX_CHUNK_LIST_BYTES;
    const bytes = isShort ? await this.#read(file, { ...part, part }) : new Uint8Array();
    const list = sha256(bytes) === part.sha256 ? ChunkList.decode(bytes, file.size) : undefined;
    if (list !== undefined) return list;
    throw this.damagedList(file);
  }

  damagedList(file: StoredFile): RegistryError {
    const key = this.#source.keyOf(file, file.chunks!);
    return this.corrupt(file, "its list of chunks is damaged", { key });
  }

  corrupt(
    file: StoredFile,
    state: string,
    { key, cause }: { key?: string; cause?: unknown } = {},
  ): RegistryError {
    const { ref, recordKey } = this.#source;
    const [first] = file.parts ?? [];
    this.#pack.id = ""; // damaged bytes are not kept
    return corrupt("read file", `${shown(file.path)} of "${ref}"`, state, {
      ...saveAgain("The stored bytes changed."),
      key: key ?? (first === undefined ? recordKey : this.#source.keyOf(file, first)),
      backend: this.#backend.location,
      cause,
    });
  }

  #inlineBytes({ inline }: StoredFile): Uint8Array {
    const [offset, length] = inline!;
    return this.#source.inline.slice(offset, offset + length);
  }

  async #read(
    file: StoredFile,
    { part, ...range }: Pick<Part, "offset" | "size"> & { part: Part },
  ): Promise<Uint8Array> {
    const key = this.#source.keyOf(file, part);
    const object = await getPart(this.#backend, key, range, { signal: this.#signal });
    if (object === undefined) return await this.#source.missing(key);
    const bytes = await object.bytes();
    this.#checkSize(file, part, { size: range.size, count: bytes.byteLength });
    return bytes;
  }

  async #readPart(file: StoredFile, part: Part): Promise<Uint8Array> {
    const key = this.#source.keyOf(file, part);
    const { offset, size } = part;
    const inPack = offset !== undefined && offset + size <= PACK_BYTES; // others pack more
    if (inPack && (this.#pack.id === key || this.#lastPack === key)) {
      const pack = await this.#pack.get(key, () => this.#readPack(key));
      const bytes = pack.slice(offset, offset + size);
      this.#checkSize(file, part, { size, count: bytes.byteLength });
      return bytes;
    }
    if (inPack) this.#lastPack = key;
    return await this.#read(file, { offset, size, part });
  }

  async #readPack(key: string): Promise<Uint8Array> {
    const range = { offset: 0, length: PACK_BYTES };
    const object = await this.#backend.get(key, { signal: this.#signal, range });
    return object === undefined ? await this.#source.missing(key) : await object.bytes();
  }

  /** Reads bytes of a run that begins at byte `start` of the file. */
  async *#runChunks(
    file: StoredFile,
    run: PartRun,
    { from, to, start, windowBytes = Infinity }: WindowOptions & FileRange & { start: number },
  ): AsyncGenerator<Uint8Array> {
    const [part] = run.parts;
    const key = this.#source.keyOf(file, part);
    const begin = from - start, end = Math.min(to - start, run.size);
    let count = 0;
    let at = begin;
    do {
      this.#signal?.throwIfAborted();
      const length = Math.min(windowBytes, end - at);
      const window = { offset: at, length, signal: this.#signal };
      const object = await getPart(this.#backend, key, run, window);
      if (object === undefined) return await this.#source.missing(key);
      at += length;
      const chunks = length <= AT_ONCE_BYTES ? [await object.bytes()] : object.body;
      for await (const chunk of chunks) {
        count += chunk.byteLength;
        yield chunk;
      }
    } while (at < end && count === at - begin);
    if (end - begin === run.size) this.#checkSize(file, part, { size: run.size, count });
  }

  #checkOf(file: StoredFile): (chunk: Uint8Array) => void {
    const parts = this.#verify === "none" ? [] : file.parts ?? [];
    return createRunCheck(parts, (offset) => {
      throw this.damaged(file, offset);
    });
  }

  #checkSize(file: StoredFile, part: Part, { size, count }: { size: number; count: number }): void {
    if (count === size) return;
    throw this.corrupt(file, `a part has ${count} bytes, not ${size}`, {
      key: this.#source.keyOf(file, part),
    });
  }

  /** Makes the error of bytes that do not match their digest, by their offset in the file. */
  damaged(file: StoredFile, offset: number): RegistryError {
    const [place] = partsWithin(file, { from: offset, to: offset + 1 });
    const key = place && this.#source.keyOf(file, place.part);
    return this.corrupt(file, `SHA-256 of the bytes at ${offset} does not match`, { key });
  }
}
