// Reads the stored bytes of a file, whole or in part: from the record, from a pack with others, or
// from objects of its own.
import type { Backend } from "../../core/backend.ts";
import { passObject } from "../../core/bytes/bytes.ts";
import { createSha256, sha256 } from "../../core/bytes/digest.ts";
import { fault, type RegistryError } from "../../core/errors.ts";
import { saveAgain } from "../format/record_codec.ts";
import { shown } from "../../core/naming/names.ts";
import type { Part, StoredFile } from "../../core/record.ts";
import type { Verify } from "../../core/registry.ts";
import { createPartCheck, getPart, partsWithin, runsOf } from "../cell/part_runs.ts";
import type { PartRun, PlacedPart } from "../cell/part_runs.ts";

/** Bytes of a pack that are read at once when a second file of it is requested. */
const PACK_BYTES = 16 * 1024 * 1024;
/** Windows up to this size are read whole: a stream takes several times the processor time. */
const AT_ONCE_BYTES = 1024 * 1024;
/** A range of a larger part is not verified: that would mean reading the whole part. */
const MAX_CHECKED_PART_BYTES = 8 * 1024 * 1024;

export interface WindowOptions {
  /** Bytes per read; each starts when the previous one is consumed. @default whole parts */
  windowBytes?: number;
}

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
    for (const run of runs) whole.set(await this.#runBytes(file, run, check), run.start);
    return whole;
  }

  async *chunks(
    file: StoredFile,
    options: WindowOptions & { check: boolean },
  ): AsyncIterable<Uint8Array> {
    if (file.inline !== undefined) yield this.#inlineBytes(file);
    for (const run of runsOf(file.parts)) {
      yield* this.#runChunks(file, run, { from: 0, to: run.size, ...options });
    }
  }

  async *range(
    file: StoredFile,
    { offset, end, windowBytes }: WindowOptions & { offset: number; end: number },
  ): AsyncIterable<Uint8Array> {
    if (file.inline !== undefined) yield this.#inlineBytes(file).subarray(offset, end);
    for (const run of runsOf(file.parts)) {
      const from = Math.max(offset - run.start, 0), to = Math.min(end - run.start, run.size);
      if (from < to) yield* this.#rangeOfRun(file, run, { from, to, windowBytes });
    }
  }

  /** Passes whole parts to `write` as they arrive; with `check`, each is verified at its end. */
  async pass(
    file: StoredFile,
    { offset, end, check, signal = this.#signal }: PassOptions,
    write: (chunk: Uint8Array) => void | Promise<void>,
  ): Promise<void> {
    if (file.inline !== undefined) await write(this.#inlineBytes(file).subarray(offset, end));
    for (const run of runsOf(file.parts)) {
      const from = Math.max(offset - run.start, 0), to = Math.min(end - run.start, run.size);
      if (from >= to) continue;
      signal?.throwIfAborted();
      const key = this.#source.keyOf(file, run.parts[0]);
      const verify = check ? this.#checkOf(file, run, { from, to }) : undefined;
      const length = to - from;
      const span = { offset: from, length, passing: true, signal };
      const object = await getPart(this.#backend, key, run, span);
      if (object === undefined) return await this.#source.missing(key);
      let count = 0;
      await passObject(object, (chunk) => {
        verify?.(chunk);
        count += chunk.byteLength;
        return write(chunk);
      }, signal);
      this.#checkSize(file, { parts: run.parts, size: length }, count);
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
      : await this.#readRun(file, run);
    this.#checkSize(file, run, bytes.byteLength);
    if (check) this.#checkOf(file, run, { from: 0, to: run.size })(bytes);
    return bytes;
  }

  async #readRun(file: StoredFile, run: Omit<PartRun, "start">) {
    const key = this.#source.keyOf(file, run.parts[0]);
    const object = await getPart(this.#backend, key, run, { signal: this.#signal });
    return object === undefined ? await this.#source.missing(key) : await object.bytes();
  }

  async #readPart(file: StoredFile, part: Part): Promise<Uint8Array> {
    const key = this.#source.keyOf(file, part);
    const { offset, size } = part;
    const inPack = offset !== undefined && offset + size <= PACK_BYTES; // others pack more
    if (inPack && (this.#pack.id === key || this.#lastPack === key)) {
      const pack = await this.#pack.get(key, () => this.#readPack(key));
      return pack.slice(offset, offset + size);
    }
    if (inPack) this.#lastPack = key;
    return await this.#readRun(file, { ...part, parts: [part] });
  }

  async #readPack(key: string): Promise<Uint8Array> {
    const range = { offset: 0, length: PACK_BYTES };
    const object = await this.#backend.get(key, { signal: this.#signal, range });
    return object === undefined ? await this.#source.missing(key) : await object.bytes();
  }

  /**
   * Reads a range. A part that the range cuts is read whole, to verify it; whole parts between are
   * requested at once. With windows, a cut part is not held in memory: an extra read verifies it.
   */
  async *#rangeOfRun(
    file: StoredFile,
    run: PartRun,
    { from, to, windowBytes }: WindowOptions & { from: number; to: number },
  ): AsyncGenerator<Uint8Array> {
    let at = from;
    for (const { part, ...place } of partsWithin(run, from, to)) {
      const isCut = place.from < from || place.to > to;
      if (
        !isCut || this.#rangeDigestOf(file, part) === undefined ||
        part.size > MAX_CHECKED_PART_BYTES
      ) {
        continue;
      }
      if (windowBytes !== undefined) {
        await this.#checkThrough(file, run, { part, ...place, windowBytes });
        continue;
      }
      const begin = Math.max(place.from, from), end = Math.min(place.to, to);
      if (at < begin) yield* this.#runChunks(file, run, { from: at, to: begin, check: true });
      yield (await this.#keptPart(file, run, part)).slice(begin - place.from, end - place.from);
      at = end;
    }
    if (at < to) yield* this.#runChunks(file, run, { from: at, to, check: true, windowBytes });
  }

  /** Reads a whole part to verify it, once: stored bytes never change. */
  async #checkThrough(
    file: StoredFile,
    run: PartRun,
    place: PlacedPart & WindowOptions,
  ): Promise<void> {
    const id = this.#idOf(file, place.part);
    let checked = this.#verified.get(id);
    if (checked === undefined) {
      this.#verified.set(id, checked = this.#readPartThrough(file, run, place));
      checked.catch(() => this.#verified.delete(id));
    }
    await checked;
  }

  async #readPartThrough(
    file: StoredFile,
    run: PartRun,
    { part, ...place }: PlacedPart & WindowOptions,
  ): Promise<void> {
    const hash = createSha256();
    for await (const chunk of this.#runChunks(file, run, { ...place, check: false })) {
      hash.update(chunk);
    }
    if (hash.digest() !== this.#rangeDigestOf(file, part)) throw this.#damagedPart(file, part);
  }

  /** Reads and verifies a part of which a range is requested. The next range is often of it too. */
  async #keptPart(file: StoredFile, run: PartRun, part: Part): Promise<Uint8Array> {
    return await this.#part.get(
      this.#idOf(file, part),
      () => this.#checkedPart(file, run, part),
    );
  }

  #idOf(file: StoredFile, part: Part): string {
    const { offset = 0, size } = part;
    const key = this.#source.keyOf(file, part);
    return [key, offset, size, this.#rangeDigestOf(file, part)].join(" ");
  }

  async #checkedPart(file: StoredFile, run: PartRun, part: Part): Promise<Uint8Array> {
    const bytes = run.parts.length === 1
      ? await this.#readPart(file, part)
      : await this.#readRun(file, { offset: part.offset ?? 0, size: part.size, parts: [part] });
    this.#checkSize(file, { parts: [part], size: part.size }, bytes.byteLength);
    if (sha256(bytes) !== this.#rangeDigestOf(file, part)) throw this.#damagedPart(file, part);
    return bytes;
  }

  /** Reads bytes of adjacent parts. Each whole part is verified when its last byte has passed. */
  async *#runChunks(
    file: StoredFile,
    run: PartRun,
    { from, to, check, windowBytes = to - from }: WindowOptions & {
      from: number;
      to: number;
      check: boolean;
    },
  ): AsyncGenerator<Uint8Array> {
    const key = this.#source.keyOf(file, run.parts[0]);
    const pass = check ? this.#checkOf(file, run, { from, to }) : undefined;
    let count = 0;
    let end = from;
    do {
      this.#signal?.throwIfAborted();
      const length = Math.min(windowBytes, to - end);
      const window = { offset: end, length, signal: this.#signal };
      const object = await getPart(this.#backend, key, run, window);
      if (object === undefined) return await this.#source.missing(key);
      end += length;
      const chunks = length <= AT_ONCE_BYTES ? [await object.bytes()] : object.body;
      for await (const chunk of chunks) {
        pass?.(chunk);
        count += chunk.byteLength;
        yield chunk;
      }
    } while (end < to && count === end - from);
    if (to - from === run.size) this.#checkSize(file, run, count);
  }

  #checkOf(file: StoredFile, run: PartRun, { from, to }: { from: number; to: number }) {
    const whole = partsWithin(run, from, to).filter((place) =>
      place.from >= from && place.to <= to
    );
    const parts = whole.flatMap(({ part, ...place }) => {
      const digest = this.#digestOf(part);
      return digest === undefined ? [] : [{ part, ...place, digest }];
    });
    const fail = (part: Part): never => {
      throw this.#damagedPart(file, part);
    };
    return createPartCheck({ parts, from, fail });
  }

  #checkSize(
    file: StoredFile,
    { parts, size }: Pick<PartRun, "parts" | "size">,
    count: number,
  ): void {
    if (count === size) return;
    throw this.corrupt(file, `a part has ${count} bytes, not ${size}`, {
      key: this.#source.keyOf(file, parts[0]),
    });
  }

  #damagedPart(file: StoredFile, part: Part): RegistryError {
    return this.corrupt(file, "SHA-256 of a part does not match", {
      key: this.#source.keyOf(file, part),
    });
  }
}
