// Small numbers in runs: the "RLE / Bit-Packing Hybrid" of
// https://github.com/apache/parquet-format/blob/master/Encodings.md. They are unpacked as they are
// asked for, so that no count in a file takes memory.
import { PageProblem } from "./problems.ts";

/** The next numbers of a run. Throws {@linkcode PageProblem}, or `RangeError`, where the bytes end. */
export type TakeNumbers = (count: number) => number[];

/** A number of bytes of seven bits each, and where it ends. */
export function readVarint(view: DataView, at: number): { value: bigint; end: number } {
  let value = 0n;
  for (let shift = 0n; shift < 70n; shift += 7n) {
    const byte = view.getUint8(at++);
    value |= BigInt(byte & 0x7f) << shift;
    if (byte < 0x80) return { value, end: at };
  }
  throw new PageProblem("a number is too long");
}

/** A number of up to 48 bits that begins at a bit, the least significant first. */
export function readBits(view: DataView, bit: number, width: number): number {
  let at = Math.floor(bit / 8);
  let skipped = bit % 8;
  let value = 0;
  for (let read = 0; read < width;) {
    const bits = Math.min(8 - skipped, width - read);
    value += (view.getUint8(at++) >>> skipped & (1 << bits) - 1) * 2 ** read;
    read += bits;
    skipped = 0;
  }
  return value;
}

/** Numbers of so many bits, up to 32, from a place in a page to its end. */
export function openRuns(view: DataView, from: number, width: number): TakeNumbers {
  if (width > 32) throw new PageProblem(`its numbers have ${width} bits`);
  let at = from;
  let left = 0; // of the run
  let repeated: number | undefined;
  let bit = 0; // where the next number of a packed run begins

  function nextRun(): void {
    const { value, end } = readVarint(view, at);
    if (value > 0xffffffffn) throw new PageProblem("a run is too long");
    const header = Number(value);
    at = end;
    if (header % 2 === 0) {
      left = header / 2;
      const bytes = Math.ceil(width / 8);
      repeated = readBits(view, at * 8, bytes * 8);
      at += bytes;
    } else {
      const groups = (header - 1) / 2;
      left = groups * 8;
      repeated = undefined;
      bit = at * 8;
      at += groups * width;
    }
  }

  return (count) => {
    const numbers: number[] = [];
    while (numbers.length < count) {
      while (left === 0) nextRun();
      const some = Math.min(left, count - numbers.length);
      for (let i = 0; i < some; i++) {
        numbers.push(repeated ?? readBits(view, bit, width));
        bit += width;
      }
      left -= some;
    }
    return numbers;
  };
}
