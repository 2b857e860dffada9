// The compact protocol of Thrift, in which Parquet writes what it says about itself
// (https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md). Only the
// fields that are asked for are kept; the others are passed by without taking memory.
import { ThriftProblem } from "./problems.ts";

/** What a field is: whole numbers that JavaScript has, truth, text, a structure, or a list of these. */
export type ThriftKind = "integer" | "boolean" | "text" | ThriftStruct | { list: ThriftKind };

/** The fields of a structure that are wanted: the number of each, its name and what it is. */
export interface ThriftStruct {
  /** By number. A name with `!` must be there. */
  fields: Readonly<Record<number, readonly [name: string, kind: ThriftKind]>>;
}

/** No structure is deeper, also one that is passed by. */
const MAX_DEPTH = 32;

const TRUE = 1;
const FALSE = 2;
const BYTE = 3;
const I64 = 6;
const DOUBLE = 7;
const BINARY = 8;
const LIST = 9;
const SET = 10;
const MAP = 11;
const STRUCT = 12;
const UUID = 13;

/** Reads one structure from the beginning of some bytes, and tells where it ends. */
export function readThrift<T>(bytes: Uint8Array, struct: ThriftStruct): { value: T; end: number } {
  const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let at = 0;

  function byte(): number {
    if (at >= bytes.byteLength) throw new ThriftProblem("it is cut off", true);
    return bytes[at++];
  }

  function forward(count: number): number {
    if (count > bytes.byteLength - at) throw new ThriftProblem("it is cut off", true);
    at += count;
    return at - count;
  }

  function varint(): bigint {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const next = byte();
      value |= BigInt(next & 0x7f) << shift;
      if (next < 0x80) return value;
    }
    throw new ThriftProblem("a number is too long");
  }

  function length(): number {
    const value = varint();
    if (value > 0x7fffffffn) throw new ThriftProblem("a length is too large");
    return Number(value);
  }

  function integer(type: number): number {
    if (type === BYTE) return byte() << 24 >> 24;
    if (type < BYTE || type > I64) throw new ThriftProblem("a number has another type");
    const raw = varint();
    const value = Number(raw & 1n ? -(raw >> 1n) - 1n : raw >> 1n);
    if (!Number.isSafeInteger(value)) throw new ThriftProblem("a number is too large");
    return value;
  }

  function expect(type: number, wanted: number): void {
    if (type !== wanted) throw new ThriftProblem("a field has another type");
  }

  function listHead(): { size: number; type: number } {
    const head = byte();
    return { size: head >> 4 === 15 ? length() : head >> 4, type: head & 15 };
  }

  function value(type: number, kind: ThriftKind, depth: number, inList: boolean): unknown {
    if (kind === "integer") return integer(type);
    if (kind === "boolean") {
      if (type !== TRUE && type !== FALSE) throw new ThriftProblem("a field has another type");
      return inList ? byte() === TRUE : type === TRUE;
    }
    if (kind === "text") {
      expect(type, BINARY);
      const size = length();
      const from = forward(size);
      try {
        return text.decode(bytes.subarray(from, from + size));
      } catch {
        throw new ThriftProblem("a text is not UTF-8");
      }
    }
    if ("fields" in kind) {
      expect(type, STRUCT);
      return structure(kind, depth + 1);
    }
    expect(type, LIST);
    const { size, type: of } = listHead();
    const values: unknown[] = [];
    for (let i = 0; i < size; i++) values.push(value(of, kind.list, depth + 1, true));
    return values;
  }

  function fieldHead(before: number): { id: number; type: number } | undefined {
    const head = byte();
    if (head === 0) return undefined;
    return { id: head >> 4 === 0 ? integer(BYTE + 1) : before + (head >> 4), type: head & 15 };
  }

  function structure({ fields }: ThriftStruct, depth: number): Record<string, unknown> {
    const found: Record<string, unknown> = {};
    let id = 0;
    for (let head; (head = fieldHead(id)) !== undefined;) {
      id = head.id;
      const field = Object.hasOwn(fields, id) ? fields[id] : undefined;
      if (field === undefined) skip(head.type, depth + 1, false);
      else found[field[0].replace("!", "")] = value(head.type, field[1], depth, false);
    }
    for (const [name] of Object.values(fields)) {
      if (name.endsWith("!") && !Object.hasOwn(found, name.slice(0, -1))) {
        throw new ThriftProblem(`it does not say its ${name.slice(0, -1)}`);
      }
    }
    return found;
  }

  /** Passes a value by. Each element of a list takes a byte at least, so no count makes it long. */
  function skip(type: number, depth: number, inList: boolean): void {
    if (depth > MAX_DEPTH) throw new ThriftProblem("it is too deep");
    if (type === TRUE || type === FALSE) forward(inList ? 1 : 0);
    else if (type === BYTE) forward(1);
    else if (type <= I64) varint();
    else if (type === DOUBLE) forward(8);
    else if (type === BINARY) forward(length());
    else if (type === UUID) forward(16);
    else if (type === LIST || type === SET) {
      const { size, type: of } = listHead();
      for (let i = 0; i < size; i++) skip(of, depth + 1, true);
    } else if (type === MAP) {
      const size = length();
      const kinds = size === 0 ? 0 : byte();
      for (let i = 0; i < size; i++) {
        skip(kinds >> 4, depth + 1, true);
        skip(kinds & 15, depth + 1, true);
      }
    } else if (type === STRUCT) {
      for (let head, id = 0; (head = fieldHead(id)) !== undefined;) {
        id = head.id;
        skip(head.type, depth + 1, false);
      }
    } else throw new ThriftProblem("a field has a type that there is not");
  }

  return { value: structure(struct, 0) as T, end: at };
}
