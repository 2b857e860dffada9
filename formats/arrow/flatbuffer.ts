// FlatBuffers (https://flatbuffers.dev/internals/), as far as Arrow needs them: read with every
// offset checked, and written.
/** What is read of a table. A field that is not there is undefined, or what it is otherwise. */
export interface FlatTable {
  /** A number of 1, 2, 4 or 8 bytes; one of 8 that JavaScript does not have is a `RangeError`. */
  number(field: number, bytes: 1 | 2 | 4 | 8, otherwise?: number): number;
  /** A text. */
  text(field: number): string | undefined;
  /** Another table. */
  table(field: number): FlatTable | undefined;
  /** The tables of a list, one by one. */
  tables(field: number): Iterable<FlatTable>;
  /** The structures of a list, so many numbers of 8 bytes each. */
  structs(field: number, numbers: number): number[][];
}

/** The table that bytes begin with. Offsets that lead out of them are a `RangeError`. */
export function readFlat(bytes: Uint8Array): FlatTable {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return tableAt(view, view.getUint32(0, true), 0);
}

/** Nothing is deeper. */
const MAX_DEPTH = 64;

function tableAt(view: DataView, at: number, depth: number): FlatTable {
  if (depth > MAX_DEPTH) throw new FlatProblem("its tables are too deep");
  const fields = at - view.getInt32(at, true);
  const fieldBytes = view.getUint16(fields, true);
  const place = (field: number) => {
    const offset = 4 + field * 2 + 2 <= fieldBytes
      ? view.getUint16(fields + 4 + field * 2, true)
      : 0;
    return offset === 0 ? undefined : at + offset;
  };
  const follow = (place: number) => place + view.getUint32(place, true);
  /** Where the items of a list are, which all lie in the message. */
  function* list(field: number, bytes: number): Generator<number> {
    const from = place(field);
    if (from === undefined) return;
    const start = follow(from);
    const length = view.getUint32(start, true);
    if (length * bytes > view.byteLength - start - 4) {
      throw new FlatProblem("a list is longer than its message");
    }
    for (let i = 0; i < length; i++) yield start + 4 + i * bytes;
  }
  return {
    number(field, bytes, otherwise = 0) {
      const from = place(field);
      return from === undefined ? otherwise : numberAt(view, from, bytes);
    },
    text(field) {
      const from = place(field);
      if (from === undefined) return undefined;
      const start = follow(from);
      const length = view.getUint32(start, true);
      if (length > view.byteLength - start - 4) {
        throw new FlatProblem("a text is longer than its message");
      }
      const text = new Uint8Array(view.buffer, view.byteOffset + start + 4, length);
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(text);
    },
    table(field) {
      const from = place(field);
      return from === undefined ? undefined : tableAt(view, follow(from), depth + 1);
    },
    *tables(field) {
      for (const from of list(field, 4)) yield tableAt(view, follow(from), depth + 1);
    },
    structs: (field, numbers) =>
      Array.from(
        list(field, numbers * 8),
        (from) => Array.from({ length: numbers }, (_, i) => numberAt(view, from + i * 8, 8)),
      ),
  };
}

/** Bytes that are no table. */
export class FlatProblem extends Error {}

function numberAt(view: DataView, at: number, bytes: 1 | 2 | 4 | 8): number {
  if (bytes === 1) return view.getUint8(at);
  if (bytes === 2) return view.getInt16(at, true);
  if (bytes === 4) return view.getInt32(at, true);
  const value = Number(view.getBigInt64(at, true));
  if (Number.isSafeInteger(value)) return value;
  throw new FlatProblem("a number is too large");
}

/** What is written: a table, with the number and the value of each field. */
export interface FlatNode {
  /** The fields, by number. */
  fields: Readonly<Record<number, FlatValue>>;
}

/** The value of a field: a number of so many bytes, a text, a table, a list of tables, or of structures. */
export type FlatValue =
  | { number: number; bytes: 1 | 2 | 4 | 8 }
  | string
  | FlatNode
  | readonly FlatNode[]
  | { structs: readonly (readonly number[])[] };

/** The bytes of a table, a multiple of 8. */
export function writeFlat(root: FlatNode): Uint8Array {
  let bytes = new Uint8Array(1024);
  let view = new DataView(bytes.buffer);
  let end = 4;

  /** Room for so many bytes, of which the one after the first `head` is at a multiple of 8. */
  function claim(size: number, head = 0): number {
    const at = Math.ceil((end + head) / 8) * 8 - head;
    end = at + size;
    if (end > bytes.byteLength) {
      const grown = new Uint8Array(end * 2);
      grown.set(bytes);
      bytes = grown;
      view = new DataView(bytes.buffer);
    }
    return at;
  }

  function setNumber(at: number, value: number, size: 1 | 2 | 4 | 8): void {
    if (size === 1) view.setUint8(at, value);
    else if (size === 2) view.setInt16(at, value, true);
    else if (size === 4) view.setInt32(at, value, true);
    else view.setBigInt64(at, BigInt(value), true);
  }

  function writeTable({ fields }: FlatNode): number {
    const numbers = Object.keys(fields).map(Number);
    const last = Math.max(-1, ...numbers);
    const head = claim(4 + (last + 1) * 2);
    const table = claim(8 + numbers.length * 8); // each field has 8 bytes, so that all are aligned
    view.setUint16(head, 4 + (last + 1) * 2, true);
    view.setUint16(head + 2, 8 + numbers.length * 8, true);
    view.setInt32(table, table - head, true);
    const later: { at: number; value: Exclude<FlatValue, { number: number }> }[] = [];
    for (const [i, number] of numbers.entries()) {
      const at = table + 8 + i * 8;
      const value = fields[number];
      view.setUint16(head + 4 + number * 2, at - table, true);
      if (typeof value === "object" && "number" in value) setNumber(at, value.number, value.bytes);
      else later.push({ at, value });
    }
    for (const { at, value } of later) {
      const target = writeValue(value);
      view.setUint32(at, target - at, true);
    }
    return table;
  }

  function writeValue(value: Exclude<FlatValue, { number: number }>): number {
    if (typeof value === "string") {
      const text = new TextEncoder().encode(value);
      const at = claim(4 + text.byteLength + 1);
      view.setUint32(at, text.byteLength, true);
      bytes.set(text, at + 4);
      return at;
    }
    if ("structs" in value) {
      const width = (value.structs[0]?.length ?? 0) * 8;
      const at = claim(4 + value.structs.length * width, 4);
      view.setUint32(at, value.structs.length, true);
      for (const [i, numbers] of value.structs.entries()) {
        for (const [j, number] of numbers.entries()) {
          setNumber(at + 4 + i * width + j * 8, number, 8);
        }
      }
      return at;
    }
    if ("fields" in value) return writeTable(value);
    const at = claim(4 + value.length * 4);
    view.setUint32(at, value.length, true);
    for (const [i, node] of value.entries()) {
      const place = at + 4 + i * 4;
      const target = writeTable(node);
      view.setUint32(place, target - place, true);
    }
    return at;
  }

  const table = writeTable(root);
  view.setUint32(0, table, true);
  claim(0);
  return bytes.slice(0, end);
}
