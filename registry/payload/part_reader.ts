// Reading the stored bytes of a file, wherever they are: in the record, in a pack with others, or
// in objects of their own, whole or in part.
import type { Backend } from "../../core/backend.ts";
import { createSha256, sha256 } from "../../core/bytes/digest.ts";
import { fault, type RegistryError } from "../../core/errors.ts";
import { saveAgain } from "../format/record_codec.ts";
import { shown } from "../../core/naming/names.ts";
import type { Part, StoredFile } from "../../core/record.ts";
import type { Verify } from "../../core/registry.ts";
import { createPartCheck, getPart, partsWithin, runsOf } from "../cell/part_runs.ts";
import type { PartRun, PlacedPart } from "../cell/part_runs.ts";
import type { WindowOptions } from "./file_reader.ts";

/** So much of a pack is read at once when a second file of it is wanted. */
const PACK_BYTES = 16 * 1024 * 1024;
/** A range of a larger part is not worth reading the whole, to check it. */
const MAX_CHECKED_PART_BYTES = 8 * 1024 * 1024;

export interface PartSource {
  ref: string;
  recordKey: string;
  inline: Uint8Array;
  keyOf(file: StoredFile, part: Part): string;
  /** Says why an object is not there. Always throws. */
  missing(key: string): Promise<never>;
}

export function otherDigest(digest: string, expected: string): string {
  return `its SHA-256 is ${digest}, and was ${expected} when it was saved`;
}

export interface PartReaderOptions {
  source: PartSource;
  backend: Backend;
  verify: Verify;
  signal?: AbortSignal;
}

interface KeptBytes {
  id: string;
  bytes: Promise<Uint8Array>;
}

/** Reads the stored bytes of files. What several reads of one version want is read once. */
export class PartReader {
  readonly #source: PartSource;
  readonly #backend: Backend;
  readonly #verify: Verify;
  readonly #signal?: AbortSignal;
  /** The key of the pack that was read last. */
  #lastPack = "";
  /** The beginning of a pack, once a second file of it was wanted; its id is its key. */
  #pack?: KeptBytes;
  /** The part of which a range was read last. */
  #kept?: KeptBytes;
  /** The parts that were, or are being, verified by an extra read, by their ids. */
  readonly #readThrough = new Map<string, Promise<void>>();

  constructor({ source, backend, verify, signal }: PartReaderOptions) {
    this.#source = source;
    this.#backend = backend;
    this.#verify = verify;
    this.#signal = signal;
  }

  async bytes(file: StoredFile, { check }: { check: boolean }): Promise<Uint8Array> {
    if (file.inline !== undefined) return this.#inlineBytes(file);
    const runs = runsOf(file.parts);
    if (runs.length === 1) return await this.#runBytes(file, runs[0], check);
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

  /** The error of bytes that are not as the file's digest says: it names the part that is damaged, where one says so. */
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

  /** The digest of a part, to check a range of it: that of the file, where the part is all of it. */
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

  async #readRun(file: StoredFile, run: Pick<Part, "offset" | "size"> & { parts: Part[] }) {
    const key = this.#source.keyOf(file, run.parts[0]);
    const object = await getPart(this.#backend, key, run, { signal: this.#signal });
    return object === undefined ? await this.#source.missing(key) : await object.bytes();
  }

  async #readPart(file: StoredFile, part: Part): Promise<Uint8Array> {
    const key = this.#source.keyOf(file, part);
    const { offset, size } = part;
    const inPack = offset !== undefined && offset + size <= PACK_BYTES; // other writers may pack more than this one does
    if (inPack && (this.#pack?.id === key || this.#lastPack === key)) {
      return await this.#fromPack(key, offset, size);
    }
    if (inPack) this.#lastPack = key; // in a pack, and perhaps not the last file that is wanted of it
    return await this.#readRun(file, { ...part, parts: [part] });
  }

  async #fromPack(key: string, offset: number, size: number): Promise<Uint8Array> {
    if (this.#pack?.id !== key) {
      const wanted = this.#pack = { id: key, bytes: this.#readPack(key) }; // reads at the same time share the bytes
      wanted.bytes.catch(() => {
        if (this.#pack === wanted) this.#pack = undefined; // the next read asks again
      });
    }
    return (await this.#pack.bytes).slice(offset, offset + size);
  }

  async #readPack(key: string): Promise<Uint8Array> {
    const range = { offset: 0, length: PACK_BYTES };
    const object = await this.#backend.get(key, { signal: this.#signal, range });
    return object === undefined ? await this.#source.missing(key) : await object.bytes();
  }

  /**
   * Reads a range. A part that the range cuts is read whole, to verify it; whole parts between are requested at once.
   * With windows, a cut part is never held in memory: it is verified by an extra read first.
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

  /** Reads a whole part to verify it. Once is enough, as stored bytes never change. */
  async #checkThrough(
    file: StoredFile,
    run: PartRun,
    place: PlacedPart & WindowOptions,
  ): Promise<void> {
    const id = this.#idOf(file, place.part);
    let checked = this.#readThrough.get(id);
    if (checked === undefined) {
      this.#readThrough.set(id, checked = this.#readPartThrough(file, run, place));
      checked.catch(() => this.#readThrough.delete(id));
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

  /** A part of which a range is wanted, checked: the next range is often of the same one. */
  async #keptPart(file: StoredFile, run: PartRun, part: Part): Promise<Uint8Array> {
    const id = this.#idOf(file, part);
    if (this.#kept?.id !== id) {
      const wanted = this.#kept = { id, bytes: this.#checkedPart(file, run, part) };
      wanted.bytes.catch(() => {
        if (this.#kept === wanted) this.#kept = undefined;
      });
    }
    return await this.#kept.bytes;
  }

  #idOf(file: StoredFile, part: Part): string {
    return `${this.#source.keyOf(file, part)} ${part.offset ?? 0} ${part.size} ${
      this.#rangeDigestOf(file, part)
    }`;
  }

  async #checkedPart(file: StoredFile, run: PartRun, part: Part): Promise<Uint8Array> {
    const bytes = run.parts.length === 1
      ? await this.#readPart(file, part)
      : await this.#readRun(file, { offset: part.offset ?? 0, size: part.size, parts: [part] });
    this.#checkSize(file, { parts: [part], size: part.size }, bytes.byteLength);
    if (sha256(bytes) !== this.#rangeDigestOf(file, part)) throw this.#damagedPart(file, part);
    return bytes;
  }

  /** Bytes of adjacent parts. Each part that is among them is checked when its last byte has passed. */
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
      for await (const chunk of object.body) {
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
    { parts, size }: { parts: Part[]; size: number },
    count: number,
  ): void {
    if (count === size) return;
    throw this.corrupt(file, `a part of it has ${count} bytes, not ${size}`, {
      key: this.#source.keyOf(file, parts[0]),
    });
  }

  #damagedPart(file: StoredFile, part: Part): RegistryError {
    return this.corrupt(file, "the SHA-256 of a part of it does not match", {
      key: this.#source.keyOf(file, part),
    });
  }
}
