// Cuts files at boundaries that depend on their bytes alone, so that equal runs of two files become
// equal chunks. FORMAT.md (3.4) has the rules and the bytes of a list.
import type { ByteRange } from "../backend.ts";
import { Cutter } from "./cutter.ts";
import { createSha256, fromHex, type Sha256, toHex } from "./digest.ts";

/** Smaller files are not cut. */
export const MIN_CUT_BYTES = 256 * 1024;

const MIN_AVERAGE = 16 * 1024;
const MAX_AVERAGE = 256 * 1024 * 1024;
/** Chunks of average size in a file, up to {@linkcode MAX_AVERAGE}. */
const MAX_AVERAGE_COUNT = 128 * 1024;
const MAX_COUNT = 2 * MAX_AVERAGE_COUNT;
/** The average from which a list has chunks of a fixed length, at least. */
const MIN_FIXED_AVERAGE = 256 * 1024;
/** A list that is this long gets longer chunks, and again after so many more. */
const LONG_COUNT = 3 * MAX_COUNT / 4;
const LONGER_COUNT = MAX_COUNT / 16;
const HEADER_BYTES = 4;
const DIGEST_BYTES = 32;
const ENTRY_BYTES = 4 + DIGEST_BYTES;
/** Longest list that is written or read, bytes. */
export const MAX_CHUNK_LIST_BYTES: number = HEADER_BYTES + MAX_COUNT * ENTRY_BYTES;

/**
 * Returns the average size of the chunks of a file: 16 KiB up to 64 MiB, then growing with the
 * square root of the size, so that a list stays below 5 MiB.
 */
export function averageFor(size: number): number {
  let average = MIN_AVERAGE;
  for (let most = 64 * 1024 * 1024; size > most; most *= 4) average *= 2;
  while (average < MAX_AVERAGE && size / average > MAX_AVERAGE_COUNT) average *= 2;
  return Math.min(average, MAX_AVERAGE);
}

/**
 * Returns the average with which a file is cut that is compared with a list: that of the list if
 * it suits this size, too.
 */
export function averageLike(list: Pick<ChunkList, "average">, size: number): number {
  const own = averageFor(size);
  const { average } = list;
  const suits = average * 4 >= own && own * 4 >= average && size / average <= MAX_AVERAGE_COUNT;
  return suits ? average : own;
}

/** A range of a file. */
export interface FileRange {
  from: number;
  to: number;
}

/** The chunks of one file: the length and the SHA-256 of each, in order. */
export class ChunkList {
  average: number;
  count = 0;
  /** Sum of all lengths. */
  size = 0;
  #bytes: Uint8Array;
  #view: DataView;
  /** Chunks in the order of their digests, equal ones as in the file. */
  #sorted?: Uint32Array;

  constructor(average: number, bytes: Uint8Array = new Uint8Array(HEADER_BYTES + ENTRY_BYTES)) {
    this.average = average;
    this.#bytes = bytes;
    this.#view = viewOf(bytes);
  }

  /** Makes the list of a small file as one chunk. */
  static whole({ size, sha256 }: { size: number; sha256: string }): ChunkList {
    const list = new ChunkList(MAX_AVERAGE);
    list.add(size, fromHex(sha256));
    return list;
  }

  /** Decodes the list of a file of `size` bytes. Returns undefined for anything else. */
  static decode(bytes: Uint8Array, size: number): ChunkList | undefined {
    const count = (bytes.byteLength - HEADER_BYTES) / ENTRY_BYTES;
    if (!Number.isInteger(count) || count < 1 || count > MAX_COUNT) return undefined;
    const average = viewOf(bytes).getUint32(0, true);
    const isPower = (average & (average - 1)) === 0;
    if (!isPower || average < MIN_AVERAGE || average > MAX_AVERAGE) return undefined;
    const list = new ChunkList(average, bytes);
    for (; list.count < count; list.count++) {
      const length = list.lengthOf(list.count);
      if (length === 0 || length > 4 * average) return undefined;
      list.size += length;
    }
    return list.size === size ? list : undefined;
  }

  get byteLength(): number {
    return this.#bytes.byteLength;
  }

  /** Returns the encoded list; undefined if it is empty or too long. */
  encode(): Uint8Array | undefined {
    if (this.count === 0 || this.count > MAX_COUNT) return undefined;
    this.#view.setUint32(0, this.average, true);
    return this.#bytes.subarray(0, HEADER_BYTES + this.count * ENTRY_BYTES);
  }

  add(length: number, digest: Uint8Array): void {
    const at = HEADER_BYTES + this.count * ENTRY_BYTES;
    if (at + ENTRY_BYTES > this.#bytes.byteLength) {
      const longer = new Uint8Array(2 * this.#bytes.byteLength);
      longer.set(this.#bytes);
      this.#bytes = longer;
      this.#view = viewOf(longer);
    }
    this.#view.setUint32(at, length, true);
    this.#bytes.set(digest, at + 4);
    this.count++;
    this.size += length;
    this.#sorted = undefined;
  }

  lengthOf(chunk: number): number {
    return this.#view.getUint32(HEADER_BYTES + chunk * ENTRY_BYTES, true);
  }

  digestOf(chunk: number): Uint8Array {
    const at = HEADER_BYTES + chunk * ENTRY_BYTES + 4;
    return this.#bytes.subarray(at, at + DIGEST_BYTES);
  }

  /** True if it serves to verify ranges alone: its chunks were not cut by their bytes. */
  get isFixed(): boolean {
    for (let chunk = 0; chunk < this.count - 1; chunk++) {
      if (this.lengthOf(chunk) !== 4 * this.average) return false;
    }
    return this.average >= MIN_FIXED_AVERAGE;
  }

  /** Yields ranges of whole chunks that cover a range, each of one chunk or up to `most` bytes. */
  *cover({ from, to }: FileRange, most: number): Generator<FileRange, undefined> {
    let range: FileRange | undefined;
    for (let chunk = 0, at = 0; chunk < this.count && at < to; chunk++) {
      const start = at;
      at += this.lengthOf(chunk);
      if (at <= from) continue;
      if (range !== undefined && at - range.from > most) {
        yield range;
        range = undefined;
      }
      range ??= { from: start, to: at };
      range.to = at;
    }
    if (range !== undefined) yield range;
  }

  /** Yields the lengths and digests of the chunks in ranges that begin and end with one. */
  *digestsIn(
    ranges: readonly Required<ByteRange>[],
  ): Generator<{ size: number; sha256: string }, undefined> {
    let chunk = 0, at = 0;
    for (const { offset, length } of ranges) {
      for (; at < offset + length; chunk++) {
        const size = this.lengthOf(chunk);
        const isIn = at >= offset;
        at += size;
        if (isIn) yield { size, sha256: toHex(this.digestOf(chunk)) };
      }
    }
  }

  /** Returns the first chunk from `from` on that equals one of `other`, else the first of all. */
  find(other: ChunkList, chunk: number, from = 0): number | undefined {
    const sorted = this.#sorted ??= Uint32Array.from({ length: this.count }, (_, i) => i)
      .sort((a, b) => this.#shortOf(a) - this.#shortOf(b) || a - b);
    const short = other.#shortOf(chunk);
    let low = 0;
    for (let high = this.count; low < high;) {
      const middle = (low + high) >> 1;
      const at = sorted[middle]!;
      if ((this.#shortOf(at) - short || at - from) < 0) low = middle + 1;
      else high = middle;
    }
    const candidate = sorted[low];
    if (candidate !== undefined && this.equals(candidate, other, chunk)) return candidate;
    return from === 0 ? undefined : this.find(other, chunk);
  }

  equals(chunk: number, other: ChunkList, otherChunk: number): boolean {
    if (this.lengthOf(chunk) !== other.lengthOf(otherChunk)) return false;
    const digest = other.digestOf(otherChunk);
    return this.digestOf(chunk).every((byte, i) => byte === digest[i]);
  }

  /** The first six bytes of a digest: enough to look it up. */
  #shortOf(chunk: number): number {
    const at = HEADER_BYTES + chunk * ENTRY_BYTES + 4;
    return this.#view.getUint32(at, true) * 0x1_0000 + this.#view.getUint16(at + 4, true);
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Makes the list of a file from its bytes, given in order. */
export class ListMaker {
  #cutter: Cutter;
  /** The chunks that have ended. */
  readonly list: ChunkList;
  #hash?: Sha256;
  #length = 0;

  constructor(average: number) {
    this.#cutter = new Cutter(average);
    this.list = new ChunkList(average);
  }

  /** Makes a list that only verifies ranges: with chunks of a fixed length, which cost less. */
  static fixed(average: number): ListMaker {
    const maker = new ListMaker(average);
    maker.#fix(average);
    return maker;
  }

  update(bytes: Uint8Array): void {
    if (this.list.count > MAX_COUNT) return; // too long to be encoded
    for (let at = 0; at < bytes.byteLength;) {
      const end = this.#cutter.next(bytes, at);
      const piece = bytes.subarray(at, end);
      this.#hash = (this.#hash ?? createSha256()).update(piece);
      this.#length += piece.byteLength;
      if (end === undefined) return;
      this.#endChunk();
      at = end;
    }
  }

  /** Returns the list. Ends the last chunk. */
  end(): ChunkList {
    if (this.#length > 0) this.#endChunk();
    return this.list;
  }

  #endChunk(): void {
    const list = this.list;
    list.add(this.#length, this.#hash!.bytes());
    this.#hash = undefined;
    this.#length = 0;
    const isLong = list.count >= LONG_COUNT && list.count % LONGER_COUNT === 0;
    if (isLong) this.#fix(4 * list.average);
  }

  #fix(average: number): void {
    this.list.average = Math.min(Math.max(average, MIN_FIXED_AVERAGE), MAX_AVERAGE);
    this.#cutter = new Cutter(this.list.average, true);
  }
}

/** A run of a file: `size` bytes that another file has at `at`, or that it lacks. */
export interface ChunkRun {
  size: number;
  /** Offset in the other file; absent if it lacks these bytes. */
  at?: number;
}

/** Describes a file by runs of another one. Both are cut with the same average. */
export function equalRuns(list: ChunkList, other: ChunkList): ChunkRun[] {
  const runs: ChunkRun[] = [];
  equalChunks(list, other).forEach((at, chunk) => {
    const size = list.lengthOf(chunk);
    const last = runs.at(-1);
    const end = last?.at === undefined ? undefined : last.at + last.size;
    if (last !== undefined && at === end) last.size += size;
    else runs.push(at === undefined ? { size } : { size, at });
  });
  return runs;
}

/**
 * Returns the offset of each chunk in another file; undefined for chunks that it lacks. Of equal
 * chunks there it takes the next one, so that a file of many uses all of them.
 */
export function equalChunks(list: ChunkList, other: ChunkList): (number | undefined)[] {
  const offsets = [0];
  for (let i = 0; i < other.count; i++) offsets.push(offsets[i]! + other.lengthOf(i));
  let next = 0; // the chunk of `other` that would continue the run
  return Array.from({ length: list.count }, (_, chunk) => {
    const continues = next < other.count && other.equals(next, list, chunk);
    const equal = continues ? next : other.find(list, chunk, next);
    if (equal === undefined) return undefined;
    next = equal + 1;
    return offsets[equal];
  });
}
