// The values of a page (https://github.com/apache/parquet-format/blob/master/Encodings.md), read
// some at a time: a few bytes can mean millions. Numbers are decoded by hyparquet, within bounds
// that are checked here.
import { deltaBinaryUnpack } from "npm:hyparquet@1.31.5/src/delta.js";
import { byteStreamSplit as split } from "npm:hyparquet@1.31.5/src/encoding.js";
import { readPlain } from "npm:hyparquet@1.31.5/src/plain.js";
import { readVarInt } from "npm:hyparquet@1.31.5/src/thrift.js";
import { viewOf } from "../arrays/view_bytes.ts";
import { PHYSICAL, type Values } from "./columns.ts";
import { Runs } from "./runs.ts";
import { Damage } from "./thrift.ts";

export const ENCODING = {
  plain: 0,
  plainDictionary: 2,
  runs: 3,
  deltaNumbers: 5,
  deltaLengths: 6,
  deltaBytes: 7,
  dictionary: 8,
  split: 9,
} as const;

const TYPES = ["BOOLEAN", "INT32", "INT64", "INT96", "FLOAT", "DOUBLE"] as const;
const WIDTHS: Readonly<Record<number, number>> = { 1: 4, 2: 8, 4: 4, 5: 8 };

const NONE: readonly Values[] = [
  [],
  new Int32Array(),
  new BigInt64Array(),
  [],
  new Float32Array(),
  new Float64Array(),
  [],
];

/** Reads values in order. Throws any error if they are damaged. */
export interface ValueReader {
  take(count: number): Values;
  skip(count: number): void;
}

/** Inputs of {@linkcode openValues}. */
interface Encoded {
  encoding: number;
  type: number;
  /** The number of rows: there are at most as many values. */
  rows: number;
  /** Returns the number of values. */
  count(): number;
  /** Maximum bytes of all strings that share prefixes. */
  maxBytes: number;
}

interface Decoder {
  types: readonly number[];
  open(reader: Reader, encoded: Encoded): ValueReader;
}

const { boolean, int32, int64, float, double, bytes } = PHYSICAL;
const DECODERS: Readonly<Record<number, Decoder | undefined>> = {
  [ENCODING.plain]: { types: [boolean, int32, int64, float, double, bytes], open: openPlain },
  [ENCODING.runs]: { types: [boolean], open: openBooleans },
  [ENCODING.deltaNumbers]: {
    types: [int32, int64],
    open: (reader, { type, rows }) =>
      inArray(
        type === int32
          ? readDelta(reader, Int32Array, rows)
          : readDelta(reader, BigInt64Array, rows),
      ),
  },
  [ENCODING.deltaLengths]: {
    types: [bytes],
    open(reader, { rows }) {
      const lengths = readDelta(reader, Int32Array, rows);
      return stringsOf(reader, (i) => lengthAt(lengths, i));
    },
  },
  [ENCODING.deltaBytes]: { types: [bytes], open: openShared },
  [ENCODING.split]: {
    types: [int32, int64, float, double],
    open: (reader, { type, count }) =>
      inArray(split(reader, checked(reader, count(), type), TYPES[type]!, undefined) as Decoded),
  },
};

/**
 * Opens the values from an offset. Returns undefined for an encoding that this type does not
 * support.
 */
export function openValues(
  page: Uint8Array,
  from: number,
  encoded: Encoded,
): ValueReader | undefined {
  const { encoding, type } = encoded;
  const decoder = DECODERS[encoding];
  if (!decoder?.types.includes(type)) return undefined;
  const view = viewOf(page);
  let opened: ValueReader | undefined;
  const reader = () => {
    if (from > page.length) throw new Damage("data is truncated");
    return opened ??= decoder.open({ view, offset: from }, encoded);
  };
  return { // a page of nulls may have no data at all
    take: (count) => count === 0 ? NONE[type]! : reader().take(count),
    skip: (count) => count === 0 ? undefined : reader().skip(count),
  };
}

/** Values that are read in any order. */
export interface ValueList {
  readonly length: number;
  slice(from: number, to: number): Values;
}

/** Opens the values of a dictionary. */
export function listValues(page: Uint8Array, type: number, length: number): ValueList {
  const reader = { view: viewOf(page), offset: 0 };
  if (type !== bytes) {
    const all = openPlain(reader, { type }).take(length);
    return { length, slice: (from, to) => all.slice(from, to) as Values };
  }
  const starts = new Uint32Array(length);
  for (let i = 0; i < length; i++) {
    const size = reader.view.getUint32(reader.offset, true);
    starts[i] = reader.offset += 4;
    bytesAt(reader, size);
  }
  const text = (i: number) => {
    const size = reader.view.getUint32(starts[i]! - 4, true);
    return UTF8.decode(page.subarray(starts[i]!, starts[i]! + size));
  };
  return {
    length,
    slice: (from, to) => Array.from({ length: to - from }, (_, i) => text(from + i)),
  };
}

function openPlain(reader: Reader, { type }: Pick<Encoded, "type">): ValueReader {
  if (type === boolean) return bitsOf(reader);
  if (type === bytes) {
    return stringsOf(reader, () => {
      reader.offset += 4;
      return reader.view.getUint32(reader.offset - 4, true);
    });
  }
  const width = WIDTHS[type]!;
  return {
    take: (count) =>
      readPlain(reader, TYPES[type]!, checked(reader, count, type), undefined) as Values,
    skip: (count) => void (reader.offset += checked(reader, count, type) * width),
  };
}

/** Returns a count of numbers if the page has as many. */
function checked({ view, offset }: Reader, count: number, type: number): number {
  if (offset + count * WIDTHS[type]! <= view.byteLength) return count;
  throw new Damage("data is truncated");
}

function bitsOf({ view, offset }: Reader): ValueReader {
  let at = offset * 8;
  return {
    take: (count) =>
      Array.from({ length: count }, () => (view.getUint8(at >> 3) >> (at++ & 7)) % 2 === 1),
    skip: (count) => void (at += count),
  };
}

function openBooleans({ view, offset }: Reader): ValueReader {
  const page = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  const start = offset + 4;
  const runs = new Runs(page.subarray(start, start + view.getUint32(offset, true)), 1);
  return {
    take: (count) => Array.from(runs.read(new Uint8Array(count)), (bit) => bit !== 0),
    skip: (count) => runs.skip(count),
  };
}

interface Reader {
  view: DataView;
  offset: number;
}

type Decoded = Int32Array | BigInt64Array | Float32Array | Float64Array;

function inArray(values: Decoded): ValueReader {
  let at = 0;
  const pass = (count: number) => {
    if ((at += count) > values.length) throw new Damage("it has too few values");
    return at - count;
  };
  return {
    take: (count) => values.subarray(pass(count), at),
    skip: (count) => void pass(count),
  };
}

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function bytesAt(reader: Reader, length: number): Uint8Array {
  const { view, offset } = reader;
  if (length < 0 || offset + length > view.byteLength) throw new Damage("string out of bounds");
  reader.offset += length;
  return new Uint8Array(view.buffer, view.byteOffset + offset, length);
}

/** @param next returns the length of the next string */
function stringsOf(reader: Reader, next: (i: number) => number): ValueReader {
  let at = 0;
  return {
    take(count) {
      const texts: string[] = [];
      for (let i = 0; i < count; i++) texts.push(UTF8.decode(bytesAt(reader, next(at++))));
      return texts;
    },
    skip(count) {
      for (let i = 0; i < count; i++) bytesAt(reader, next(at++));
    },
  };
}

function lengthAt(lengths: Int32Array, i: number): number {
  if (i >= lengths.length) throw new Damage("it has too few values");
  return lengths[i]!;
}

/** Reads strings that share a prefix with the previous one. */
function openShared(reader: Reader, { rows, maxBytes }: Encoded): ValueReader {
  const prefixes = readDelta(reader, Int32Array, rows);
  const lengths = readDelta(reader, Int32Array, rows);
  let last: Uint8Array = new Uint8Array();
  let sum = 0, at = 0;
  function next(): Uint8Array {
    const shared = lengthAt(prefixes, at);
    if (shared < 0 || shared > last.length) throw new Damage("a shared prefix is too long");
    const suffix = bytesAt(reader, lengthAt(lengths, at++));
    if ((sum += shared + suffix.length) > maxBytes) throw new Damage("strings too long");
    const bytes = new Uint8Array(shared + suffix.length);
    bytes.set(last.subarray(0, shared));
    bytes.set(suffix, shared);
    return last = bytes;
  }
  return {
    take: (count) => Array.from({ length: count }, () => UTF8.decode(next())),
    skip(count) {
      for (let i = 0; i < count; i++) next();
    },
  };
}

/** Reads as many numbers as the head declares, at most `most`. */
function readDelta<A extends Int32Array | BigInt64Array>(
  reader: Reader,
  Numbers: new (length: number) => A,
  most: number,
): A {
  const head = { ...reader };
  const blockSize = readVarInt(head);
  const parts = readVarInt(head);
  const total = readVarInt(head);
  if (blockSize < 0 || parts <= 0 || blockSize % (parts * 8) !== 0 || total < 0) {
    throw new Damage("invalid header of deltas");
  }
  if (parts > reader.view.byteLength) throw new Damage("data is truncated");
  const out = new Numbers(Math.min(total, most));
  if (out.length > 0) deltaBinaryUnpack(reader, out.length, out);
  else reader.offset = head.offset;
  return out;
}
