// The parts of a GGUF header, one after the other.
import { corrupt, unsupported } from "./faults.ts";
import { viewOf } from "../arrays/view_bytes.ts";
import { shown } from "../../core/naming/names.ts";

/** The value of a key: a list is only counted. */
export type GgufEntry = number | boolean | string | { items: number };

/** The bytes at hand end within the header. Its message names the part. */
export class TooShort extends Error {}

const MAGIC = 0x46554747; // "GGUF"
const [BOOL, STRING, LIST] = [7, 8, 9];
/** Sizes of numbers by type. */
const SIZES = [1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8];
const MAX_DEPTH = 4;
/** Most tensors, and most keys. */
const MAX_COUNT = 1_000_000;
const MAX_DIMENSIONS = 8;
/** Least bytes of an entry and of a tensor. */
const [ENTRY_BYTES, TENSOR_BYTES] = [13, 24];

export class GgufHeader {
  /** Position of the next part. */
  at = 0;
  readonly #path: string;
  readonly #view: DataView;
  readonly #bytes: Uint8Array;
  readonly #fileSize: number;
  #version = 3;

  /** @param bytes the beginning of the file */
  constructor(path: string, bytes: Uint8Array, fileSize: number) {
    this.#path = path;
    this.#bytes = bytes;
    this.#view = viewOf(bytes);
    this.#fileSize = fileSize;
  }

  start(): { version: number; tensorCount: number; entryCount: number } {
    if (this.#take(4, "magic") !== MAGIC) throw this.#refuse("it does not begin with GGUF");
    const version = this.#take(4, "version");
    if (version !== 0 && version % 65_536 === 0) {
      throw unsupported(this.#path, "it is big-endian");
    }
    if (version < 1 || version > 3) throw unsupported(this.#path, `it has version ${version}`);
    this.#version = version;
    const tensorCount = this.#count("number of tensors", TENSOR_BYTES);
    const entryCount = this.#count("number of keys", ENTRY_BYTES);
    if (tensorCount > MAX_COUNT || entryCount > MAX_COUNT) {
      throw unsupported(this.#path, `it has ${tensorCount} tensors and ${entryCount} keys`);
    }
    return { version, tensorCount, entryCount };
  }

  /** Reads a key and its value. */
  entry(): [key: string, value: GgufEntry] {
    const key = this.#text("key");
    const type = this.#take(4, `type of ${shown(key)}`);
    return [key, this.#value(type, `value of ${shown(key)}`, 0)];
  }

  tensor(): { name: string; shape: number[]; type: number; offset: number } {
    const name = this.#text("name of a tensor");
    const what = `tensor ${shown(name)}`;
    const dimensions = this.#take(4, what);
    if (dimensions > MAX_DIMENSIONS) throw this.#refuse(`${what} has ${dimensions} dimensions`);
    const shape = Array.from({ length: dimensions }, () => this.#whole(what));
    if (shape.reduce((product, side) => product * side, 1) > Number.MAX_SAFE_INTEGER) {
      throw this.#refuse(`${what} has the shape [${shape.join(", ")}]`);
    }
    const type = this.#take(4, what);
    return { name, shape, type, offset: this.#take(8, what) };
  }

  #value(type: number, what: string, depth: number): GgufEntry {
    if (type === STRING) return this.#text(what);
    if (type === BOOL) return this.#take(1, what) !== 0;
    if (type === LIST) {
      const of = this.#take(4, what);
      const items = this.#count(what, SIZES[of] || this.#width);
      if (depth >= MAX_DEPTH) throw this.#refuse(`${what} has lists in lists in lists`);
      if (SIZES[of]) this.#skip(items * SIZES[of]!, what);
      else for (let i = 0; i < items; i++) this.#skipItem(of, what, depth + 1);
      return { items };
    }
    const size = SIZES[type];
    if (size === undefined) throw this.#refuse(`${what} has the unknown type ${type}`);
    const at = this.at;
    const whole = this.#take(size, what);
    if (type === 6) return this.#view.getFloat32(at, true);
    if (type === 12) return this.#view.getFloat64(at, true);
    return type === 1 || type === 3 || type === 5 || type === 11 ? signed(whole, size) : whole;
  }

  #skipItem(type: number, what: string, depth: number): void {
    if (type === STRING) this.#skip(this.#count(what, 1), what);
    else this.#value(type, what, depth);
  }

  #text(what: string): string {
    const length = this.#count(what, 1);
    const from = this.at;
    this.#skip(length, what);
    return new TextDecoder().decode(this.#bytes.subarray(from, from + length));
  }

  /** Bytes of counts and lengths. */
  get #width(): number {
    return this.#version === 1 ? 4 : 8;
  }

  /** Reads a count of things that have at least so many bytes each. */
  #count(what: string, bytes: number): number {
    const count = this.#take(this.#width, what);
    const left = this.#fileSize - this.at;
    if (count * bytes <= left) return count;
    throw this.#refuse(`${what}: ${count} declared, ${left} bytes are left`);
  }

  /** Reads a dimension. */
  #whole(what: string): number {
    return this.#take(this.#width, what);
  }

  /** Reads a whole number of 1, 2, 4 or 8 bytes; beyond 2^53 it is inexact. */
  #take(size: number, what: string): number {
    const at = this.at;
    this.#skip(size, what);
    if (size === 1) return this.#view.getUint8(at);
    if (size === 2) return this.#view.getUint16(at, true);
    if (size === 4) return this.#view.getUint32(at, true);
    return Number(this.#view.getBigUint64(at, true));
  }

  #skip(size: number, what: string): void {
    if (size > this.#fileSize - this.at) throw this.#refuse(`${what} is longer than the file`);
    if (size > this.#bytes.byteLength - this.at) throw new TooShort(what);
    this.at += size;
  }

  #refuse(state: string) {
    return corrupt(this.#path, `at byte ${this.at}: ${state}`);
  }
}

function signed(value: number, size: number): number {
  const range = 2 ** (8 * size);
  return value >= range / 2 ? value - range : value;
}
