// Reads the stored bytes of a file, whole or in part: from the record, from a pack with others, or
// from objects of its own.
import type { Backend } from "../../core/backend.ts";
import { passObject } from "../../core/bytes/bytes.ts";
import { ChunkList, MAX_CHUNK_LIST_BYTES } from "../../core/bytes/content_chunks.ts";
import { createSha256, sha256 } from "../../core/bytes/digest.ts";
import { fault, isRegistryError, type RegistryError } from "../../core/errors.ts";
import { saveAgain } from "../format/record_codec.ts";
import { shown } from "../../core/naming/names.ts";
import type { Part, StoredFile } from "../../core/record.ts";
import type { Verify } from "../../core/registry.ts";
import { createPartCheck, getPart, partsWithin, runsOf } from "../cell/part_runs.ts";
import type { PartRun, PlacedPart, Stretch } from "../cell/part_runs.ts";
import { LastRead } from "./last_read.ts";
import { type PlannedRead, type ReadInto, readStretches, type WindowOptions } from "./stretches.ts";

/** Bytes of a pack that are read at once when a second file of it is requested. */
const PACK_BYTES = 16 * 1024 * 1024;
/** Windows up to this size are read whole: a stream takes several times the processor time. */
const AT_ONCE_BYTES = 1024 * 1024;
/** A range of a larger part is not verified: that would mean reading the whole part. */
const MAX_CHECKED_PART_BYTES = 8 * 1024 * 1024;
interface PassOptions {
  offset: number;
  end: number;
  check: boolean;
  signal?: AbortSignal;
}

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
  /** The part of the last range. */
  readonly #part = new LastRead();
  /** Parts that are verified by an extra read, by id. */
  readonly #verified = new Map<string, Promise<void>>();
  constructor({ source, backend, verify, signal }: PartReaderOptions) {
    this.#source = source;
    this.#backend = backend;
    this.#verify = verify;
    this.#signal = signal;
  }

  async bytes(file: StoredFile, { check }: { check: boolean }): Promise<Uint8Array> {
    if (file.inline !== undefined) return this.#inlineBytes(file);
    const runs = runsOf(file.parts);
    if (runs.length === 1 && runs[0]) return await this.#runBytes(file, runs[0], check);
    const whole = new Uint8Array(runs.reduce((sum, { size }) => sum + size, 0));
    const range = { from: 0, to: whole.byteLength };
    let at = 0;
    for await (const chunk of this.stretches(file, [range])) {
      whole.set(chunk, at);
      at += chunk.byteLength;
    }
    if (check) this.#checkOf(file, range)(whole);
    return whole;
  }

  async *chunks(
    file: StoredFile,
    options: WindowOptions & { check: boolean },
  ): AsyncIterable<Uint8Array> {
    if (file.inline !== undefined) yield this.#inlineBytes(file);
    yield* this.#stream(file, { from: 0, to: Infinity, ...options });
  }

  /**
   * Reads a range. A part that the range cuts is read whole, to verify it; whole parts between are
   * requested at once. With windows, a cut part is not held in memory: an extra read verifies it.
   */
  async *range(
    file: StoredFile,
    { offset, end, windowBytes }: WindowOptions & { offset: number; end: number },
  ): AsyncIterable<Uint8Array> {
    if (file.inline !== undefined) yield this.#inlineBytes(file).subarray(offset, end);
    const within = partsWithin(file, { from: offset, to: end });
    let at = offset;
    for (const place of new Set(within.filter((_, i) => i === 0 || i === within.length - 1))) {
      const { part, from, to } = place;
      const isCut = from < offset || to > end;
      if (
        !isCut || this.#rangeDigestOf(file, part) === undefined ||
        part.size > MAX_CHECKED_PART_BYTES
      ) continue;
      if (windowBytes !== undefined) {
        await this.#checkThrough(file, { ...place, windowBytes });
        continue;
      }
      const begin = Math.max(from, offset), stop = Math.min(to, end);
      if (at < begin) yield* this.#stream(file, { from: at, to: begin, check: true });
      yield (await this.#keptPart(file, part)).slice(begin - from, stop - from);
      at = stop;
    }
    if (at < end) yield* this.#stream(file, { from: at, to: end, check: true, windowBytes });
  }

  /** Passes whole parts to `write` as they arrive; with `check`, each is verified at its end. */
  async pass(
    file: StoredFile,
    { offset, end, check, signal = this.#signal }: PassOptions,
    write: (chunk: Uint8Array) => void | Promise<void>,
  ): Promise<void> {
    if (file.inline !== undefined) await write(this.#inlineBytes(file).subarray(offset, end));
    const runs = runsOf(file.parts), [run] = runs;
    if (run === undefined) return;
    const range = { from: offset, to: end };
    const verify = check ? this.#checkOf(file, range) : undefined;
    if (runs.length > 1) {
      for await (const chunk of this.stretches(file, [range], { signal })) {
        verify?.(chunk);
        await write(chunk);
      }
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
      verify?.(chunk);
      count += chunk.byteLength;
      return write(chunk);
    }, signal);
    this.#checkSize(file, run.parts[0], { size: length, count });
  }

  /** Yields the bytes of ranges, in order; each chunk is valid until the next one. */
  async *stretches(
    file: StoredFile,
    stretches: readonly Stretch[],
    { windowBytes, signal = this.#signal }: WindowOptions & { signal?: AbortSignal } = {},
  ): AsyncGenerator<Uint8Array> {
    const read: ReadInto = (...how) => this.#readInto(file, ...how);
    yield* readStretches(runsOf(file.parts), stretches, { read, windowBytes, signal });
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

  /** Returns the list of a file's chunks; undefined if there is none that can be read. */
  async chunkList(file: StoredFile): Promise<ChunkList | undefined> {
    const part = file.chunks;
    if (part === undefined || part.size > MAX_CHUNK_LIST_BYTES) return undefined;
    try {
      const bytes = await this.#read(file, { ...part, part });
      return sha256(bytes) === part.sha256 ? ChunkList.decode(bytes, file.size) : undefined;
    } catch (error) {
      if (isRegistryError(error)) return undefined; // the file can be read without it
      throw error;
    }
  }

  /** Makes the error of a digest mismatch: of the damaged part, if parts have digests. */
  damaged(file: StoredFile, bytes: Uint8Array, digest: string): RegistryError {
    let offset = 0;
    for (const part of file.parts ?? []) {
      const end = offset + part.size;
      if (
        this.#digestOf(part) !== undefined && sha256(bytes.subarray(offset, end)) !== part.sha256
      ) {
        return this.#damagedPart(file, part);
      }
      offset = end;
    }
    return this.corrupt(file, otherDigest(digest, file.sha256));
  }

  corrupt(
    file: StoredFile,
    state: string,
    { key, cause }: { key?: string; cause?: unknown } = {},
  ): RegistryError {
    const { ref, recordKey } = this.#source;
    const [first] = file.parts ?? [];
    return fault({
      code: "Corrupt",
      action: "read file",
      subject: `${shown(file.path)} of "${ref}"`,
      state,
      ...saveAgain("The stored bytes changed.", "them"),
      key: key ?? (first === undefined ? recordKey : this.#source.keyOf(file, first)),
      backend: this.#backend.location,
      cause,
    });
  }

  #inlineBytes({ inline }: StoredFile): Uint8Array {
    const [offset, length] = inline!;
    return this.#source.inline.slice(offset, offset + length);
  }

  #digestOf(part: Part): string | undefined {
    return this.#verify === "none" ? undefined : part.sha256;
  }

  /** Returns the digest for a range of a part: that of the file, if the part is all of it. */
  #rangeDigestOf(file: StoredFile, part: Part): string | undefined {
    const isFile = file.encoding === undefined && file.parts!.length === 1;
    return this.#verify === "none" ? undefined : part.sha256 ?? (isFile ? file.sha256 : undefined);
  }

  async #runBytes(file: StoredFile, run: PartRun, check: boolean): Promise<Uint8Array> {
    const [part] = run.parts;
    const bytes = run.parts.length === 1
      ? await this.#readPart(file, part)
      : await this.#read(file, { ...run, part });
    if (check) this.#checkOf(file, { from: 0, to: run.size })(bytes);
    return bytes;
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

  /** Reads a whole part to verify it, once: stored bytes never change. */
  async #checkThrough(file: StoredFile, place: PlacedPart & WindowOptions): Promise<void> {
    const id = this.#idOf(file, place.part);
    let checked = this.#verified.get(id);
    if (checked === undefined) {
      this.#verified.set(id, checked = this.#readPartThrough(file, place));
      checked.catch(() => this.#verified.delete(id));
    }
    await checked;
  }

  async #readPartThrough(
    file: StoredFile,
    { part, ...place }: PlacedPart & WindowOptions,
  ): Promise<void> {
    const hash = createSha256();
    for await (const chunk of this.#stream(file, { ...place, check: false })) hash.update(chunk);
    if (hash.digest() !== this.#rangeDigestOf(file, part)) throw this.#damagedPart(file, part);
  }

  /** Reads and verifies a part of which a range is requested. The next range is often of it too. */
  async #keptPart(file: StoredFile, part: Part): Promise<Uint8Array> {
    return await this.#part.get(this.#idOf(file, part), async () => {
      const bytes = file.parts!.length === 1
        ? await this.#readPart(file, part)
        : await this.#read(file, { offset: part.offset ?? 0, size: part.size, part });
      if (sha256(bytes) !== this.#rangeDigestOf(file, part)) throw this.#damagedPart(file, part);
      return bytes;
    });
  }

  #idOf(file: StoredFile, part: Part): string {
    const { offset = 0, size } = part;
    const key = this.#source.keyOf(file, part);
    return [key, offset, size, this.#rangeDigestOf(file, part)].join(" ");
  }

  /** Reads a range in order. With `check`, whole parts are verified when their last byte passed. */
  async *#stream(
    file: StoredFile,
    { check, windowBytes, ...range }: WindowOptions & Stretch & { check: boolean },
  ): AsyncGenerator<Uint8Array> {
    const within = partsWithin(file, range);
    const [first] = within;
    if (first === undefined) return;
    const pass = check ? this.#checkOf(file, range) : undefined;
    const runs = runsOf(within.map(({ part }) => part));
    const chunks = runs.length === 1
      ? this.#runChunks(file, runs[0]!, { ...range, start: first.from, windowBytes })
      : this.stretches(file, [range], { windowBytes });
    for await (const chunk of chunks) {
      pass?.(chunk);
      yield runs.length === 1 ? chunk : chunk.slice(); // readers own what they receive
    }
  }

  /** Reads bytes of a run that begins at byte `start` of the file. */
  async *#runChunks(
    file: StoredFile,
    run: PartRun,
    { from, to, start, windowBytes = Infinity }: WindowOptions & Stretch & { start: number },
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

  #checkOf(file: StoredFile, range: Stretch): (chunk: Uint8Array) => void {
    const parts = partsWithin(file, range).flatMap(({ part, from, to }) => {
      const digest = this.#digestOf(part);
      const isWhole = from >= range.from && to <= range.to;
      return digest === undefined || !isWhole ? [] : [{ part, from, to, digest }];
    });
    const fail = (part: Part): never => {
      throw this.#damagedPart(file, part);
    };
    return createPartCheck({ parts, from: range.from, fail });
  }

  #checkSize(
    file: StoredFile,
    part: Part,
    { size, count }: { size: number; count: number },
  ): void {
    if (count === size) return;
    throw this.corrupt(file, `a part has ${count} bytes, not ${size}`, {
      key: this.#source.keyOf(file, part),
    });
  }

  #damagedPart(file: StoredFile, part: Part): RegistryError {
    return this.corrupt(file, "SHA-256 of a part does not match", {
      key: this.#source.keyOf(file, part),
    });
  }
}
