// Metadata of Parquet files in the compact protocol of Thrift, decoded by hyparquet. It trusts
// counts, so the bytes are checked first: none makes it loop or allocate much memory.
import { deserializeTCompactProtocol } from "npm:hyparquet@1.31.5/src/thrift.js";

export class Damage extends Error {}

export class CutOff extends Damage {}

/** A structure: its fields by number. */
// deno-lint-ignore no-explicit-any
export type Thrift = Record<`field_${number}`, any>;

const MAX_DEPTH = 32;

/** Value sizes of fixed types: true, false, byte, double. */
const FIXED_BYTES: Readonly<Record<number, number | undefined>> = { 1: 0, 2: 0, 3: 1, 7: 8 };
/** Longest encodings of 16, 32 and 64 bit integers. */
const MOST_BYTES: Readonly<Record<number, number | undefined>> = { 4: 5, 5: 5, 6: 10 };

/** Decodes the structure at the start, and returns its end. 64-bit numbers are bigints. */
export function readThrift(bytes: Uint8Array): { value: Thrift; end: number } {
  const end = checkStruct(bytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset, end);
  return { value: deserializeTCompactProtocol({ view, offset: 0 }), end };
}

function checkStruct(bytes: Uint8Array): number {
  let at = 0;
  let items = 0;
  const pass = (count: number) => {
    if ((at += count) > bytes.length) throw new CutOff("data is truncated");
  };
  const byte = () => {
    pass(1);
    return bytes[at - 1]!;
  };
  function varint(maxBytes: number): number {
    for (let value = 0, i = 0; i < maxBytes; i++) {
      const next = byte();
      value += (next & 0x7f) * 2 ** (7 * i);
      if (next < 0x80) return value;
    }
    throw new Damage("integer too long");
  }
  function count(value: number): number {
    if (value > 0x7fffffff) throw new Damage("list or string too long");
    return value;
  }
  function struct(depth: number): void {
    if (depth > MAX_DEPTH) throw new Damage("nested too deeply");
    for (let head; ((head = byte()) & 15) !== 0;) {
      if (head >> 4 === 0) varint(5);
      element(head & 15, depth);
    }
  }
  function element(type: number, depth: number): void {
    const fixed = FIXED_BYTES[type];
    if (fixed !== undefined) return pass(fixed);
    const most = MOST_BYTES[type];
    if (most !== undefined) return void varint(most);
    if (type === 8) return pass(count(varint(5)));
    if (type === 12) return struct(depth + 1);
    if (type !== 9) throw new Damage("unknown type of a field");
    const head = byte();
    const size = head >> 4 === 15 ? count(varint(5)) : head >> 4;
    if (size > bytes.length - at) throw new CutOff("list is truncated");
    if ((items += size) > 1024 + bytes.length / 2) throw new Damage("lists too long");
    const itemType = head & 15;
    for (let i = 0; i < size; i++) element(itemType <= 2 ? 3 : itemType, depth + 1);
  }
  struct(0);
  return at;
}

/** Converts a value to a natural number; an absent one is `otherwise`. */
export function natural(value: unknown, otherwise?: number): number {
  const number = Number(value ?? otherwise);
  if (Number.isSafeInteger(number) && number >= 0) return number;
  throw new Damage("missing or negative number");
}

export function structs(value: unknown): Thrift[] {
  if (Array.isArray(value) && value.every((item) => item !== null && typeof item === "object")) {
    return value;
  }
  throw new Damage("missing list");
}
