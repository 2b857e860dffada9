// A map for a million names. Its rows are bytes in blocks: each takes its text and some 25 bytes, where
// a `Map` of objects takes several hundred.
import { sameBytes } from "../../core/bytes/bytes.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

const BLOCK_BYTES = 2 ** 20;
/** Numbers of a row: its block, and where in it the key begins, the value begins, and both end. */
const FIELDS = 4;

/** Values of JSON by key. Its entries are in the order of their keys' bytes. */
export class PackedMap<Value = true> implements Iterable<[key: string, value: Value]> {
  /** How many entries it has. */
  size = 0;
  readonly #blocks: Uint8Array[] = [];
  #block = new Uint8Array(0);
  /** Bytes of the last block that have rows. */
  #used = 0;
  /** Rows from 1 on. */
  #rows = new Uint32Array(128);
  /** The hash table: a row, or 0. At least half of it is 0. */
  #slots = new Uint32Array(64);

  constructor(entries: Iterable<readonly [key: string, value: Value]> = []) {
    for (const [key, value] of entries) this.set(key, value);
  }

  has(key: string): boolean {
    return this.#rowOf(key) > 0;
  }

  get(key: string): Value | undefined {
    const row = this.#rowOf(key);
    return row === 0 ? undefined : JSON.parse(this.#text(row, 2));
  }

  /** Adds an entry, or replaces that of the key, whose bytes stay. */
  set(key: string, value: Value): void {
    const text = JSON.stringify(value);
    const most = 3 * (key.length + text.length); // bytes of UTF-8
    if (this.#used + most > this.#block.length) {
      this.#blocks.push(this.#block = new Uint8Array(Math.max(BLOCK_BYTES, most)));
      this.#used = 0;
    }
    const begin = this.#used;
    const middle = begin + encoder.encodeInto(key, this.#block.subarray(begin)).written;
    const slot = this.#slotOf(this.#block.subarray(begin, middle));
    const row = this.#slots[slot] || ++this.size;
    this.#slots[slot] = row;
    this.#used = middle + encoder.encodeInto(text, this.#block.subarray(middle)).written;
    if (FIELDS * (row + 1) > this.#rows.length) {
      const rows = this.#rows;
      this.#rows = new Uint32Array(2 * rows.length);
      this.#rows.set(rows);
    }
    this.#rows.set([this.#blocks.length - 1, begin, middle, this.#used], FIELDS * row);
    if (2 * this.size > this.#slots.length) this.#rehash();
  }

  /** Add nothing meanwhile. */
  *[Symbol.iterator](): Generator<[key: string, value: Value]> {
    // An array, not a typed one: its sort merges what is in order, as names of listings mostly are.
    const rows = Array.from({ length: this.size }, (_, n) => n + 1);
    for (const row of rows.sort((a, b) => compareBytes(this.#keyOf(a), this.#keyOf(b)))) {
      yield [this.#text(row, 1), JSON.parse(this.#text(row, 2))];
    }
  }

  #field(row: number, field: number): number {
    return this.#rows[FIELDS * row + field] ?? 0;
  }

  #blockOf(row: number): Uint8Array {
    return this.#blocks[this.#field(row, 0)] ?? this.#block;
  }

  /** Returns the key of a row, which begins at field 1, or its value. */
  #text(row: number, field: 1 | 2): string {
    const bytes = this.#blockOf(row);
    return decoder.decode(bytes.subarray(this.#field(row, field), this.#field(row, field + 1)));
  }

  #keyOf(row: number): Uint8Array {
    return this.#blockOf(row).subarray(this.#field(row, 1), this.#field(row, 2));
  }

  #rowOf(key: string): number {
    if (scratch.length < 3 * key.length) scratch = new Uint8Array(3 * key.length);
    const { written } = encoder.encodeInto(key, scratch);
    return this.#slots[this.#slotOf(scratch.subarray(0, written))] ?? 0;
  }

  /** Returns the place in the hash table that has a key, or that could have it. */
  #slotOf(key: Uint8Array): number {
    const mask = this.#slots.length - 1;
    for (let slot = hashOf(key) & mask;; slot = (slot + 1) & mask) {
      const row = this.#slots[slot] ?? 0;
      if (row === 0 || sameBytes(this.#keyOf(row), key)) return slot;
    }
  }

  #rehash(): void {
    this.#slots = new Uint32Array(2 * this.#slots.length);
    for (let row = 1; row <= this.size; row++) this.#slots[this.#slotOf(this.#keyOf(row))] = row;
  }
}

let scratch = new Uint8Array(256);

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  for (let n = 0; n < a.length && n < b.length; n++) {
    const difference = (a[n] ?? 0) - (b[n] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** FNV-1a. */
function hashOf(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (let n = 0; n < bytes.length; n++) hash = Math.imul(hash ^ (bytes[n] ?? 0), 0x01000193);
  return hash;
}
