// The values of a page (https://github.com/apache/parquet-format/blob/master/Encodings.md). Numbers
// are decoded by hyparquet, within bounds that are checked here.
import { viewOf } from "../arrays/view_bytes.ts";
import { deltaBinaryUnpack } from "npm:hyparquet@1.31.5/src/delta.js";
import { byteStreamSplit } from "npm:hyparquet@1.31.5/src/encoding.js";
import { readPlain } from "npm:hyparquet@1.31.5/src/plain.js";
import { readVarInt } from "npm:hyparquet@1.31.5/src/thrift.js";
import { PHYSICAL, type Values } from "./columns.ts";
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

const NONE: readonly Values[] = [
  [],
  new Int32Array(),
  new BigInt64Array(),
  [],
  new Float32Array(),
  new Float64Array(),
  [],
];

/** Inputs of {@linkcode readValues}. */
export interface Encoded {
  encoding: number;
  type: number;
  count: number;
  /** Maximum bytes of all strings that share prefixes. */
  maxBytes: number;
}

interface Decoder {
  types: readonly number[];
  decode(reader: Reader, encoded: Encoded): unknown;
}

const { boolean, int32, int64, float, double, bytes } = PHYSICAL;
const DECODERS: Readonly<Record<number, Decoder | undefined>> = {
  [ENCODING.plain]: { types: [boolean, int32, int64, float, double, bytes], decode: readPlains },
  [ENCODING.runs]: { types: [boolean], decode: readBooleans },
  [ENCODING.deltaNumbers]: {
    types: [int32, int64],
    decode: (reader, { type, count }) =>
      readDelta(reader, type === int32 ? new Int32Array(count) : new BigInt64Array(count)),
  },
  [ENCODING.deltaLengths]: {
    types: [bytes],
    decode(reader, { count }) {
      const lengths = readDelta(reader, new Int32Array(count));
      return readStrings(reader, count, (i) => lengths[i]!);
    },
  },
  [ENCODING.deltaBytes]: {
    types: [bytes],
    decode: (reader, { count, maxBytes }) => readShared(reader, count, maxBytes),
  },
  [ENCODING.split]: {
    types: [int32, int64, float, double],
    decode: (reader, { type, count }) => byteStreamSplit(reader, count, TYPES[type]!, undefined),
  },
};

/**
 * Reads values from an offset. Returns undefined for an encoding that this type does not support.
 */
export function readValues(page: Uint8Array, from: number, encoded: Encoded): Values | undefined {
  const { encoding, type, count } = encoded;
  if (count === 0) return NONE[type];
  if (from > page.length) throw new Damage("data is truncated");
  const decoder = DECODERS[encoding];
  if (!decoder?.types.includes(type)) return undefined;
  const reader = { view: new DataView(page.buffer, page.byteOffset, page.length), offset: from };
  const values = decoder.decode(reader, encoded);
  if (reader.offset > page.length) throw new Damage("data is truncated");
  return values as Values;
}

function readPlains(reader: Reader, { type, count }: Encoded): unknown {
  if (type !== PHYSICAL.bytes) return readPlain(reader, TYPES[type]!, count, undefined);
  return readStrings(reader, count, () => {
    reader.offset += 4;
    return reader.view.getUint32(reader.offset - 4, true);
  });
}

function readBooleans({ view, offset }: Reader, { count }: Encoded): boolean[] {
  const page = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  const start = offset + 4;
  const runs = page.subarray(start, start + view.getUint32(offset, true));
  return Array.from(readRuns(runs, 1, new Uint8Array(count)), (bit) => bit !== 0);
}

interface Reader {
  view: DataView;
  offset: number;
}

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function bytesAt(reader: Reader, length: number): Uint8Array {
  const { view, offset } = reader;
  if (length < 0 || offset + length > view.byteLength) throw new Damage("string out of bounds");
  reader.offset += length;
  return new Uint8Array(view.buffer, view.byteOffset + offset, length);
}

function readStrings(reader: Reader, count: number, lengthOf: (i: number) => number): string[] {
  const strings: string[] = [];
  for (let i = 0; i < count; i++) strings.push(UTF8.decode(bytesAt(reader, lengthOf(i))));
  return strings;
}

/** Reads strings that share a prefix with the previous one. */
function readShared(reader: Reader, count: number, maxBytes: number): string[] {
  const prefixes = readDelta(reader, new Int32Array(count));
  const lengths = readDelta(reader, new Int32Array(count));
  const strings: string[] = [];
  let last: Uint8Array = new Uint8Array();
  let sum = 0;
  for (let i = 0; i < count; i++) {
    const shared = prefixes[i]!;
    if (shared < 0 || shared > last.length) throw new Damage("a shared prefix is too long");
    const rest = bytesAt(reader, lengths[i]!);
    if ((sum += shared + rest.length) > maxBytes) throw new Damage("strings too long");
    const bytes = new Uint8Array(shared + rest.length);
    bytes.set(last.subarray(0, shared));
    bytes.set(rest, shared);
    strings.push(UTF8.decode(bytes));
    last = bytes;
  }
  return strings;
}

function readDelta<A extends Int32Array | BigInt64Array>(reader: Reader, out: A): A {
  const head = { ...reader };
  const blockSize = readVarInt(head);
  const parts = readVarInt(head);
  const total = readVarInt(head);
  if (blockSize < 0 || parts <= 0 || blockSize % (parts * 8) !== 0 || total < out.length) {
    throw new Damage("invalid header of deltas");
  }
  if (parts > reader.view.byteLength) throw new Damage("data is truncated");
  deltaBinaryUnpack(reader, out.length, out);
  return out;
}

/** Reads numbers of `width` bits in the "RLE / Bit-Packing Hybrid". */
export function readRuns<A extends Uint8Array | Uint32Array>(
  bytes: Uint8Array,
  width: number,
  out: A,
): A {
  if (width > 32) throw new Damage(`numbers of ${width} bits`);
  const view = viewOf(bytes);
  const reader = { view, offset: 0 };
  const number = (at: number, length: number) => {
    let value = 0;
    for (let i = Math.min(length, bytes.length - at) - 1; i >= 0; i--) {
      value = value * 256 + bytes[at + i]!;
    }
    return value;
  };
  for (let next = 0; next < out.length;) {
    const head = readVarInt(reader) >>> 0;
    const count = Math.min(out.length - next, head % 2 === 0 ? head / 2 : (head - 1) / 2 * 8);
    const start = reader.offset;
    reader.offset += head % 2 === 0 ? Math.ceil(width / 8) : (head - 1) / 2 * width;
    const needed = head % 2 === 0 ? reader.offset - start : Math.ceil(count * width / 8);
    if (start + needed > bytes.length) throw new Damage("run is truncated");
    if (head % 2 === 0) out.fill(number(start, needed), next, next + count);
    else {
      for (let i = 0, bit = start * 8; i < count; i++, bit += width) {
        const word = number(Math.floor(bit / 8), Math.ceil((bit % 8 + width) / 8));
        out[next + i] = Math.floor(word / 2 ** (bit % 8)) % 2 ** width;
      }
    }
    next += count;
  }
  return out;
}
