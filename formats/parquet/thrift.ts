// What a Parquet file says of itself, in the compact protocol of Thrift, read by hyparquet. It takes
// every count for true, so the same bytes are checked first: none makes it loop or take memory.
import { deserializeTCompactProtocol } from "npm:hyparquet@1.31.5/src/thrift.js";

export class Damage extends Error {}

export class CutOff extends Damage {}

/** A structure: what its fields are, by number. */
// deno-lint-ignore no-explicit-any
export type Thrift = Record<`field_${number}`, any>;

const MAX_DEPTH = 32;

/** Bytes of values by their types: true, false, bytes and doubles. */
const FIXED_BYTES: Readonly<Record<number, number | undefined>> = { 1: 0, 2: 0, 3: 1, 7: 8 };
/** Most bytes of integers of 16, 32 and 64 bits, which are as long as they need to be. */
const MOST_BYTES: Readonly<Record<number, number | undefined>> = { 4: 5, 5: 5, 6: 10 };

/** The structure that the bytes begin with, and where it ends. Numbers of 64 bits are bigints. */
export function readThrift(bytes: Uint8Array): { value: Thrift; end: number } {
  const end = checkStruct(bytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset, end);
  return { value: deserializeTCompactProtocol({ view, offset: 0 }), end };
}

function checkStruct(bytes: Uint8Array): number {
  let at = 0;
  let items = 0;
  const pass = (count: number) => {
    if ((at += count) > bytes.length) throw new CutOff("it is cut off");
  };
  const byte = () => {
    pass(1);
    return bytes[at - 1];
  };
  function varint(maxBytes: number): number {
    for (let value = 0, i = 0; i < maxBytes; i++) {
      const next = byte();
      value += (next & 0x7f) * 2 ** (7 * i);
      if (next < 0x80) return value;
    }
    throw new Damage("a number is too long");
  }
  function count(value: number): number {
    if (value > 0x7fffffff) throw new Damage("a list or a string is too long");
    return value;
  }
  function struct(depth: number): void {
    if (depth > MAX_DEPTH) throw new Damage("it is too deep");
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
    if (type !== 9) throw new Damage("it has a field of an unknown type");
    const head = byte();
    const size = head >> 4 === 15 ? count(varint(5)) : head >> 4;
    if (size > bytes.length - at) throw new CutOff("a list is cut off");
    if ((items += size) > 1024 + bytes.length / 2) throw new Damage("its lists are too long");
    const itemType = head & 15;
    for (let i = 0; i < size; i++) element(itemType <= 2 ? 3 : itemType, depth + 1);
  }
  struct(0);
  return at;
}

/** A whole number from 0, or what is given where there is none. */
export function natural(value: unknown, otherwise?: number): number {
  const number = Number(value ?? otherwise);
  if (Number.isSafeInteger(number) && number >= 0) return number;
  throw new Damage("a number is missing, or negative");
}

export function structs(value: unknown): Thrift[] {
  if (Array.isArray(value) && value.every((item) => item !== null && typeof item === "object")) {
    return value;
  }
  throw new Damage("a list is missing");
}
