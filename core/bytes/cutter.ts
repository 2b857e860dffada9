// Finds the ends of chunks (FastCDC, Xia et al. 2016): a rolling hash with bits that are 0. FORMAT.md
// (3.4) has the rules. Saves spend much of their time here, so it reads four bytes a step.
import { createSha256 } from "./digest.ts";

let gear: Int32Array | undefined;

/** A number for each byte: the first four bytes of the SHA-256 of `holdfast gear <byte>`. */
function gearTable(): Int32Array {
  return gear ??= Int32Array.from({ length: 256 }, (_, byte) => {
    const digest = createSha256().update(`holdfast gear ${byte}`).bytes();
    return new DataView(digest.buffer, digest.byteOffset).getInt32(0, true);
  });
}

const WORD_BYTES = Int32Array.BYTES_PER_ELEMENT;
const IS_LITTLE_ENDIAN = new Uint8Array(Int32Array.of(1).buffer)[0] === 1;

/** The 32-bit numbers in `bytes[at]` to `end`, and where the first one begins. */
function wordsIn(bytes: Uint8Array, at: number, end: number): { words: Int32Array; from: number } {
  const from = at + (-(bytes.byteOffset + at) & (WORD_BYTES - 1));
  const count = Math.floor((end - from) / WORD_BYTES);
  if (count <= 0 || !IS_LITTLE_ENDIAN) return { words: new Int32Array(), from };
  return { words: new Int32Array(bytes.buffer, bytes.byteOffset + from, count), from };
}

/** Finds the ends of the chunks of a file, whose bytes it gets in order. */
export class Cutter {
  readonly #least: number;
  readonly #average: number;
  readonly #most: number;
  readonly #strict: number;
  readonly #loose: number;
  #length = 0;
  #hash = 0;

  /** @param isFixed cuts chunks of 4 × the average, whatever the bytes are */
  constructor(average: number, isFixed = false) {
    const bits = Math.log2(average);
    this.#least = isFixed ? average * 4 : average / 4;
    this.#average = average;
    this.#most = average * 4;
    this.#strict = -1 << (32 - bits - 1);
    this.#loose = -1 << (32 - bits + 1);
  }

  /** Returns where the chunk ends that includes `bytes[from]`; undefined if not in `bytes`. */
  next(bytes: Uint8Array, from: number): number | undefined {
    const start = from - this.#length; // of the chunk, may be negative
    const first = Math.max(from, start + this.#least);
    const middle = Math.max(first, Math.min(bytes.length, start + this.#average));
    const most = start + this.#most;
    const end = Math.min(bytes.length, most);
    const cut = this.#find(bytes, first, middle, this.#strict) ??
      this.#find(bytes, middle, end, this.#loose) ??
      (end === most ? end : undefined);
    this.#length = cut === undefined ? bytes.length - start : 0;
    if (cut !== undefined) this.#hash = 0;
    return cut;
  }

  /** Returns where the hash first has only zeros in the bits of `mask`, in `bytes[at]` to `end`. */
  #find(bytes: Uint8Array, at: number, end: number, mask: number): number | undefined {
    if (at >= end) return undefined;
    const table = gearTable();
    const { words, from } = wordsIn(bytes, at, end);
    let hash = this.#hash;
    while (at < end) {
      for (let word = at === from ? 0 : words.length; word < words.length; word++) {
        const four = words[word]!;
        const one = (hash << 1) + table[four & 255]! | 0;
        const two = (one << 1) + table[four >>> 8 & 255]! | 0;
        const three = (two << 1) + table[four >>> 16 & 255]! | 0;
        hash = (three << 1) + table[four >>> 24]! | 0;
        if ((one & mask) === 0) return at + 1;
        if ((two & mask) === 0) return at + 2;
        if ((three & mask) === 0) return at + 3;
        at += WORD_BYTES;
        if ((hash & mask) === 0) return at;
      }
      if (at === end) break;
      hash = (hash << 1) + table[bytes[at++]!]! | 0;
      if ((hash & mask) === 0) return at;
    }
    this.#hash = hash;
    return undefined;
  }
}
