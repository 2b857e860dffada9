// Numbers and bytes as differences: DELTA_BINARY_PACKED, DELTA_LENGTH_BYTE_ARRAY and
// DELTA_BYTE_ARRAY of https://github.com/apache/parquet-format/blob/master/Encodings.md.
import { readBits, readVarint } from "./runs.ts";
import { PageProblem } from "./problems.ts";

/** Numbers in a block: most writers have 128. */
const MAX_BLOCK = 65_536;
/** As many texts are in one page: their lengths stand before them. */
const MAX_TEXTS = 4 * 1024 * 1024;

/** Whole numbers, one after the other. */
interface DeltaNumbers {
  /** How many there are. */
  total: number;
  /** The next ones. Throws {@linkcode PageProblem}, or `RangeError`, where there are no more. */
  take(count: number): bigint[];
  /** Where the bytes behind them begin, when all are taken. */
  end(): number;
}

/** Opens numbers of 32 or 64 bits, which go round. */
export function openDeltaNumbers(view: DataView, from: number, bits: 32 | 64): DeltaNumbers {
  let at = from;
  const varint = () => {
    const { value, end } = readVarint(view, at);
    at = end;
    return value;
  };
  const signed = () => {
    const raw = varint();
    return raw & 1n ? -(raw >> 1n) - 1n : raw >> 1n;
  };
  const blockSize = Number(varint());
  const parts = Number(varint());
  const total = Number(varint());
  const partSize = blockSize / parts;
  if (
    !(blockSize <= MAX_BLOCK && parts >= 1 && partSize >= 8 && partSize % 8 === 0 &&
      total <= 0x7fffffff)
  ) {
    throw new PageProblem("its blocks of differences are damaged");
  }
  let last = signed();
  let taken = 0;
  let least = 0n;
  let widths: number[] = []; // of the parts of the block that have not begun
  let width = 0;
  let bit = 0;
  let left = 0; // of the part

  function nextPart(): void {
    if (widths.length === 0) {
      least = signed();
      widths = Array.from({ length: parts }, () => view.getUint8(at++));
    }
    width = widths.shift()!;
    if (width > bits) throw new PageProblem(`its differences have ${width} bits`);
    left = partSize;
    bit = at * 8;
    at += partSize * width / 8;
  }

  function next(): bigint {
    if (taken++ >= total) throw new PageProblem("it has too few numbers");
    if (taken === 1) return last = BigInt.asIntN(bits, last);
    if (left === 0) nextPart();
    const low = readBits(view, bit, Math.min(width, 32));
    const high = width > 32 ? BigInt(readBits(view, bit + 32, width - 32)) << 32n : 0n;
    bit += width;
    left--;
    return last = BigInt.asIntN(bits, last + least + high + BigInt(low));
  }

  return { total, take: (count) => Array.from({ length: count }, next), end: () => at };
}

/** The lengths of texts: none below 0, and all together no more than `most`. */
function takeLengths(numbers: DeltaNumbers, most: number): number[] {
  if (numbers.total > MAX_TEXTS) throw new PageProblem(`it has ${numbers.total} texts in one page`);
  const lengths = numbers.take(numbers.total).map(Number);
  let sum = 0;
  for (const length of lengths) {
    sum += length;
    if (length < 0 || sum > most) throw new PageProblem("its texts are longer than the page");
  }
  return lengths;
}

/** Opens texts whose lengths stand before them. */
export function openDeltaLengths(view: DataView, from: number): (count: number) => Uint8Array[] {
  const numbers = openDeltaNumbers(view, from, 32);
  const lengths = takeLengths(numbers, view.byteLength);
  let at = numbers.end();
  let next = 0;
  return (count) =>
    Array.from({ length: count }, () => {
      if (next >= lengths.length || at + lengths[next] > view.byteLength) {
        throw new PageProblem("it has too few texts");
      }
      const bytes = new Uint8Array(view.buffer, view.byteOffset + at, lengths[next]);
      at += lengths[next++];
      return bytes;
    });
}

/** Opens texts that say how much they share with the one before; all together have no more bytes than `maxBytes`. */
export function openDeltaBytes(
  view: DataView,
  from: number,
  maxBytes: number,
): (count: number) => Uint8Array[] {
  const numbers = openDeltaNumbers(view, from, 32);
  const shared = takeLengths(numbers, maxBytes);
  const suffixes = openDeltaLengths(view, numbers.end());
  let last: Uint8Array = new Uint8Array();
  let next = 0;
  return (count) =>
    Array.from({ length: count }, () => {
      if (next >= shared.length || shared[next] > last.byteLength) {
        throw new PageProblem("its texts are damaged");
      }
      const [suffix] = suffixes(1);
      const bytes = new Uint8Array(shared[next] + suffix.byteLength);
      bytes.set(last.subarray(0, shared[next]));
      bytes.set(suffix, shared[next++]);
      return last = bytes;
    });
}
