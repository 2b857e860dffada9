// The cells of one column of one record batch, read slice by slice.
import { unpackLz4Frame } from "../compression/lz4.ts";
import { unpackZstd } from "../compression/zstd.ts";
import { isRegistryError, messageOf, type RegistryError } from "../../core/errors.ts";
import type { FileToDecode } from "../../core/file_store.ts";
import { openWindow } from "../content/window.ts";
import { shown } from "../../core/naming/names.ts";
import type { Cell } from "../tables/table.ts";
import { type Cells, spreadCells } from "../tables/cells.ts";
import { InexactCell } from "../tables/exact_cells.ts";
import { corruptTable, unsupportedTable } from "../content/file_faults.ts";
import type { ArrowColumn, Raw, Values } from "./fields.ts";
import { viewOf } from "../arrays/view_bytes.ts";
import type { FlatBatch } from "./messages.ts";

type Unpack = (packed: Uint8Array, size: number) => Uint8Array;

const CODECS: readonly { name: string; unpack?: Unpack }[] = [
  { name: "LZ4", unpack: unpackLz4Frame },
  { name: "zstd", unpack: unpackZstd },
];

/** Maximum bytes of a packed buffer, and of its unpacked data. */
const MAX_BUFFER_BYTES = 256 * 1024 * 1024;

/** Inputs of {@linkcode openCells}. */
export interface CellsPlace {
  file: FileToDecode;
  /** The batch, the range of its body, and its bytes if they were read. */
  message: { batch: FlatBatch; offset: number; length: number; body?: Uint8Array };
  column: Pick<ArrowColumn, "column" | "place">;
  values: Values;
  /** The number of its first row in the table, from 1. */
  firstRow: number;
  aheadBytes: number;
  signal?: AbortSignal;
}

type Read = (from: number, length: number) => Promise<Uint8Array>;

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Opens the cells of a column. The function reads a range of rows of the batch. */
export function openCells(place: CellsPlace): (from: number, count: number) => Promise<Cells> {
  const cells = new ColumnCells(place);
  return async (from, count) => {
    try {
      return await cells.read(from, count);
    } catch (error) {
      if (isRegistryError(error) || place.signal?.aborted) throw error;
      const { file, column, firstRow } = place;
      const row = `column ${shown(column.column.name)}, from row ${firstRow + from}`;
      const state = `${row}: ${messageOf(error).slice(0, 200)}`;
      throw error instanceof InexactCell
        ? unsupportedTable(file.path, state)
        : corruptTable(file.path, state, error);
    }
  };
}

/** The open buffers of a column in a batch. */
class ColumnCells {
  readonly #place: CellsPlace;
  readonly #unpack: Unpack | undefined;
  readonly #validity: Read | undefined;
  readonly #first: Read;
  readonly #texts: Read | undefined;
  /** The data buffers of views. */
  readonly #viewed: readonly Read[] = [];

  constructor(place: CellsPlace) {
    this.#place = place;
    const { column, message: { batch }, values } = place;
    const node = batch.nodes[column.place.node];
    if (node?.length !== batch.length || !(node.nullCount >= 0)) {
      throw this.#corrupt(`it does not have ${batch.length} rows`);
    }
    if (node.nullCount > 0 && !column.column.nullable) {
      throw this.#corrupt("it has nulls but is not nullable");
    }
    this.#unpack = unpackOf(batch, place.file.path);
    this.#validity = node.nullCount > 0 ? this.#open(0) : undefined;
    this.#first = this.#open(1);
    this.#texts = values.layout === "text" ? this.#open(2) : undefined;
    if (values.layout !== "views") return;
    const length = Math.min(batch.variadic[column.place.views] ?? 0, batch.regions.length);
    this.#viewed = Array.from({ length }, (_, i) => this.#open(2 + i));
  }

  async read(from: number, count: number): Promise<Cells> {
    const { values, column } = this.#place;
    let valid = this.#validity && await readBits(this.#validity, from, count);
    const present = await this.#present(from, count, valid);
    if (column.column.nullable) valid ??= new Uint8Array(count).fill(1);
    const cells = values.toCells(present);
    return valid ? spreadCells(valid, cells) : cells;
  }

  /** Reads the values that are not null. */
  async #present(from: number, count: number, valid?: Uint8Array): Promise<Raw> {
    const { layout } = this.#place.values;
    if (layout === "text") return await this.#strings(from, count, valid);
    if (layout === "views") return await this.#views(from, count, valid);
    const all = layout === "bits"
      ? Array.from(await readBits(this.#first, from, count), (bit) => bit === 1)
      : await this.#array(from, count);
    return valid?.includes(0) ? all.filter((_: unknown, i: number) => valid[i] === 1) : all;
  }

  async #array(from: number, count: number): Promise<Raw> {
    const { array } = this.#place.values;
    const size = array.BYTES_PER_ELEMENT;
    const bytes = await this.#first(from * size, count * size);
    return new array(new Uint8Array(bytes).buffer); // aligned
  }

  async #strings(from: number, count: number, valid?: Uint8Array): Promise<Cell[]> {
    const offsets = Array.from(await this.#array(from, count + 1) as ArrayLike<bigint>, Number);
    if (offsets.some((offset, i) => offset < (offsets[i - 1] ?? 0))) {
      throw this.#corrupt("its string offsets decrease");
    }
    const [first = 0] = offsets;
    const bytes = await this.#texts!(first, offsets[count]! - first);
    const strings: Cell[] = [];
    for (let i = 0; i < count; i++) {
      if (valid?.[i] === 0) continue;
      strings.push(UTF8.decode(bytes.subarray(offsets[i]! - first, offsets[i + 1]! - first)));
    }
    return strings;
  }

  /** Reads views: a length, and a string of up to 12 bytes, or its buffer and offset. */
  async #views(from: number, count: number, valid?: Uint8Array): Promise<Cell[]> {
    const bytes = await this.#first(from * 16, count * 16);
    const view = viewOf(bytes);
    const strings: Cell[] = [];
    for (let at = 0; at < count * 16; at += 16) {
      if (valid?.[at / 16] === 0) continue;
      const length = view.getInt32(at, true);
      if (length < 0) throw this.#corrupt("negative length of a string");
      if (length <= 12) strings.push(UTF8.decode(bytes.subarray(at + 4, at + 4 + length)));
      else {
        const read = this.#viewed[view.getInt32(at + 8, true)];
        if (read === undefined) throw this.#corrupt("it has too few buffers");
        strings.push(UTF8.decode(await read(view.getInt32(at + 12, true), length)));
      }
    }
    return strings;
  }

  /** Opens a buffer; a packed one is unpacked at the first read. */
  #open(index: number): Read {
    const { file, column, message, aheadBytes, signal } = this.#place;
    const { batch, offset, length, body } = message;
    const more = batch.variadic.slice(0, column.place.views).reduce((sum, count) => sum + count, 0);
    const region = batch.regions[column.place.buffer + more + index];
    if (region === undefined) throw this.#corrupt("it has too few buffers");
    if (!(region.offset >= 0 && region.length >= 0 && region.offset + region.length <= length)) {
      throw this.#corrupt("a buffer exceeds its batch");
    }
    const start = offset + region.offset;
    const end = start + region.length;
    let read: Read;
    if (body !== undefined) {
      read = this.#within(body.subarray(region.offset, region.offset + region.length));
    } else {
      const window = openWindow(file, { end, aheadBytes, refuse: () => this.#refuse(), signal });
      read = (from, length) =>
        from < 0 ? Promise.reject(this.#refuse()) : window(start + from, length);
    }
    const unpack = this.#unpack;
    if (!unpack || region.length === 0) return read;
    let unpacked: Promise<Read> | undefined;
    return async (from, length) =>
      await (await (unpacked ??= this.#readPacked(read, region.length, unpack)))(from, length);
  }

  async #readPacked(read: Read, length: number, unpack: Unpack): Promise<Read> {
    const { file, column } = this.#place;
    const size = Number(viewOf(await read(0, 8)).getBigInt64(0, true));
    if (size === -1) return (from, count) => read(8 + from, count); // stored unpacked
    if (Math.max(size, length) > MAX_BUFFER_BYTES) {
      const hint = "Write it again with smaller batches, or uncompressed.";
      const state = `a buffer has ${Math.max(size, length)} bytes, ${MAX_BUFFER_BYTES} are allowed`;
      throw unsupportedTable(file.path, `column ${shown(column.column.name)}: ${state}`, hint);
    }
    const bytes = unpack(await read(8, length - 8), size);
    if (bytes.byteLength === size) return this.#within(bytes);
    throw this.#corrupt(`a buffer has ${bytes.byteLength} bytes, expected ${size}`);
  }

  #within(bytes: Uint8Array): Read {
    return (from, length) =>
      from < 0 || from + length > bytes.byteLength
        ? Promise.reject(this.#refuse())
        : Promise.resolve(bytes.subarray(from, from + length));
  }

  #refuse(): RegistryError {
    return this.#corrupt("its buffers are too short");
  }

  #corrupt(state: string): RegistryError {
    const { file, column, firstRow } = this.#place;
    const row = `column ${shown(column.column.name)}, from row ${firstRow}`;
    return corruptTable(file.path, `${row}: ${state}`);
  }
}

/** Returns the codec of a batch, or undefined if its buffers are not packed. */
function unpackOf({ compression }: FlatBatch, path: string): Unpack | undefined {
  if (!compression) return undefined;
  const { name = "an unknown codec", unpack } = CODECS[compression.codec] ?? {};
  if (unpack !== undefined && compression.method === 0) return unpack;
  throw unsupportedTable(path, `it is packed with ${name}`);
}

async function readBits(read: Read, from: number, count: number): Promise<Uint8Array> {
  const first = Math.floor(from / 8);
  const bytes = await read(first, Math.ceil((from + count) / 8) - first);
  const bits = new Uint8Array(count);
  for (let i = 0, bit = from % 8; i < count; i++, bit++) {
    bits[i] = bytes[bit >> 3]! >> (bit & 7) & 1;
  }
  return bits;
}
