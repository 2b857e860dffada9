// Numbers in the "RLE / Bit-Packing Hybrid" of Parquet, read some at a time.
import { readVarInt } from "npm:hyparquet@1.31.5/src/thrift.js";
import { viewOf } from "../arrays/view_bytes.ts";
import { Damage } from "./thrift.ts";

/** A number of so many bits is within 31 bits from the beginning of a byte. */
const FAST_WIDTH = 24;

export class Runs {
  readonly #bytes: Uint8Array;
  readonly #width: number;
  readonly #reader: { view: DataView; offset: number };
  /** Unread numbers of the current run. */
  #left = 0;
  /** The number that a run repeats; undefined if it is packed. */
  #value?: number;
  /** Of the next packed number. */
  #bit = 0;

  /** @param width bits of a number */
  constructor(bytes: Uint8Array, width: number) {
    if (width > 32) throw new Damage(`numbers of ${width} bits`);
    this.#bytes = bytes;
    this.#width = width;
    this.#reader = { view: viewOf(bytes), offset: 0 };
  }

  read<A extends Uint8Array | Uint32Array>(out: A): A {
    for (let next = 0; next < out.length;) {
      const count = this.#begin(out.length - next);
      if (this.#value !== undefined) out.fill(this.#value, next, next + count);
      else this.#unpack(out, next, count);
      next += count;
      this.#left -= count;
    }
    return out;
  }

  skip(count: number): void {
    for (let skipped = 0; skipped < count;) {
      const some = this.#begin(count - skipped);
      this.#bit += some * this.#width;
      this.#left -= some;
      skipped += some;
    }
  }

  /** Returns how many of `most` numbers the current run has, or the next one. */
  #begin(most: number): number {
    if (this.#left === 0) {
      const reader = this.#reader, width = this.#width;
      const head = readVarInt(reader) >>> 0;
      const isPacked = head % 2 === 1;
      this.#left = isPacked ? (head - 1) / 2 * 8 : head / 2;
      this.#bit = reader.offset * 8;
      const bytes = isPacked ? this.#left / 8 * width : Math.ceil(width / 8);
      if (!isPacked) this.#check(reader.offset + bytes);
      this.#value = isPacked ? undefined : this.#number(reader.offset, bytes);
      reader.offset += bytes;
    }
    return Math.min(this.#left, most);
  }

  #unpack(out: Uint8Array | Uint32Array, from: number, count: number): void {
    const width = this.#width, last = this.#bit + count * width;
    this.#check(Math.ceil(last / 8));
    if (width <= FAST_WIDTH) unpackFast(this.#bytes, { bit: this.#bit, width, out, from, count });
    else this.#unpackWide(out, from, count);
    this.#bit = last;
  }

  #unpackWide(out: Uint8Array | Uint32Array, from: number, count: number): void {
    const width = this.#width;
    for (let i = 0, bit = this.#bit; i < count; i++, bit += width) {
      const word = this.#number(Math.floor(bit / 8), Math.ceil((bit % 8 + width) / 8));
      out[from + i] = Math.floor(word / 2 ** (bit % 8)) % 2 ** width;
    }
  }

  #check(end: number): void {
    if (end > this.#bytes.length) throw new Damage("run is truncated");
  }

  #number(at: number, length: number): number {
    let value = 0;
    for (let i = Math.min(length, this.#bytes.length - at) - 1; i >= 0; i--) {
      value = value * 256 + this.#bytes[at + i]!;
    }
    return value;
  }
}

function unpackFast(
  bytes: Uint8Array,
  { bit: start, width, out, from, count }: {
    bit: number;
    width: number;
    out: Uint8Array | Uint32Array;
    from: number;
    count: number;
  },
): void {
  const mask = 2 ** width - 1;
  for (let i = from, bit = start; i < from + count; i++, bit += width) {
    const at = Math.floor(bit / 8); // what is behind the end has no bits
    const word = bytes[at]! | bytes[at + 1]! << 8 | bytes[at + 2]! << 16 | bytes[at + 3]! << 24;
    out[i] = word >>> (bit % 8) & mask;
  }
}
