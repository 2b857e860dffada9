// Fields of structures of HDF5, one after the other, in little-endian order.
import { type HeaderReader, textOf } from "../header_reader.ts";

/** An open HDF5 file: how it stores addresses. */
export interface Hdf5File {
  readonly reader: HeaderReader;
  /** Bytes of an address. */
  readonly addressBytes: number;
  /** Bytes of a length. */
  readonly lengthBytes: number;
  /** Addresses count from here. */
  readonly base: number;
}

/** Reads fields of a range that is in memory. */
export class Fields {
  readonly #file: Hdf5File;
  readonly #view: DataView<ArrayBuffer>;
  at = 0;

  constructor(file: Hdf5File, view: DataView<ArrayBuffer>) {
    this.#file = file;
    this.#view = view;
  }

  get left(): number {
    return this.#view.byteLength - this.at;
  }

  /** Reads an unsigned integer of some bytes. */
  uint(bytes: number): number {
    let value = 0;
    for (let i = bytes - 1; i >= 0; i--) value = value * 256 + this.#view.getUint8(this.at + i);
    this.at += bytes;
    return value;
  }

  length(): number {
    return this.uint(this.#file.lengthBytes);
  }

  /** Reads a position in the file; undefined if there is none. */
  address(): number | undefined {
    const { addressBytes, base } = this.#file;
    const value = this.uint(addressBytes);
    return value >= 256 ** addressBytes - 2048 ? undefined : value + base;
  }

  skip(bytes: number): this {
    this.at += bytes;
    return this;
  }

  /** Skips to the next multiple of 8 bytes. */
  align(): void {
    this.at = Math.ceil(this.at / 8) * 8;
  }

  part(bytes: number): Fields {
    return new Fields(this.#file, this.view(bytes));
  }

  view(bytes: number): DataView<ArrayBuffer> {
    if (bytes > this.left) throw new RangeError(`${bytes} bytes of ${this.left}`);
    const { buffer, byteOffset } = this.#view;
    const view = new DataView(buffer, byteOffset + this.at, bytes);
    this.at += bytes;
    return view;
  }

  /** Reads UTF-8 up to the first zero. */
  text(bytes: number): string {
    const { buffer, byteOffset } = this.view(bytes);
    const all = new Uint8Array(buffer, byteOffset, bytes);
    const end = all.indexOf(0);
    return textOf(end < 0 ? all : all.subarray(0, end));
  }
}

/** Reads a structure that begins with four letters, and skips these. */
export async function structureAt(
  file: Hdf5File,
  { at, bytes, mark }: { at: number; bytes: number; mark: string },
): Promise<Fields> {
  const fields = new Fields(file, await file.reader.view(at, bytes));
  if (fields.text(4) === mark) return fields;
  throw file.reader.damaged(`no ${mark} at ${at}`);
}

/** Returns how many bytes a number up to a limit takes. */
export function bytesFor(limit: number): number {
  return Math.floor(Math.log2(Math.max(1, limit)) / 8) + 1;
}
