// The cells of one column of one record batch, read slice by slice.
import { unpackLz4Frame } from "../compression/lz4.ts";
import { unpackZstd } from "../compression/zstd.ts";
import { isRegistryError, messageOf } from "../../core/errors.ts";
import type { FileToDecode } from "../../core/file_store.ts";
import { openWindow } from "../content/window.ts";
import { shown } from "../../core/naming/names.ts";
import type { Cell } from "../tables/table.ts";
import { type Cells, spreadCells } from "../tables/cells.ts";
import { InexactCell } from "../tables/exact_cells.ts";
import { corruptTable, unsupportedTable } from "../tables/table_file.ts";
import type { ArrowColumn, Raw, Values } from "./fields.ts";
import { type FlatBatch, viewOf } from "./messages.ts";

type Unpack = (packed: Uint8Array, size: number) => Uint8Array;

const CODECS: readonly { name: string; unpack?: Unpack }[] = [
  { name: "LZ4", unpack: unpackLz4Frame },
  { name: "zstd", unpack: unpackZstd },
];

/** What {@linkcode openCells} is told. */
export interface CellsPlace {
  file: FileToDecode;
  /** The batch, and where its body lies; its bytes, where they were read. */
  message: { batch: FlatBatch; offset: number; length: number; body?: Uint8Array };
  column: Pick<ArrowColumn, "column" | "place">;
  values: Values;
  /** Which row of the table its first is, from 1, for messages. */
  firstRow: number;
  aheadBytes: number;
  /** A packed buffer that says it has more bytes is refused. */
  maxBufferBytes: number;
  signal?: AbortSignal;
}

type Read = (from: number, length: number) => Promise<Uint8Array>;

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Opens the cells of a column: the function gives some of them, from a row of the batch on. */
export function openCells(place: CellsPlace): (from: number, count: number) => Promise<Cells> {
  const { file, message, column, values, firstRow, aheadBytes, maxBufferBytes, signal } = place;
  const { batch, offset, length, body } = message;
  const { nullable } = column.column;
  const name = `column ${shown(column.column.name)}`;
  const corrupt = (state: string, cause?: unknown) =>
    corruptTable(file.path, `${name}, from row ${firstRow}: ${state}`, cause);
  const node = batch.nodes[column.place.node];
  if (node?.length !== batch.length || !(node.nullCount >= 0)) {
    throw corrupt(`it has not ${batch.length} rows`);
  }
  if (node.nullCount > 0 && !nullable) throw corrupt("it has nulls, and says that it has none");
  const { compression } = batch;
  const codec = compression && CODECS[compression.codec];
  const unpack = codec?.unpack;
  if (compression && (unpack === undefined || compression.method !== 0)) {
    throw unsupportedTable(file.path, `it is packed with ${codec?.name ?? "an unknown codec"}`);
  }

  const refuse = () => corrupt("its buffers are too short");
  const within = (bytes: Uint8Array): Read => (from, length) =>
    from < 0 || from + length > bytes.byteLength
      ? Promise.reject(refuse())
      : Promise.resolve(bytes.subarray(from, from + length));

  /** Opens a buffer; a packed one is unpacked when something of it is first asked for. */
  function open(index: number): Read {
    const { views } = column.place;
    const more = batch.variadic.slice(0, views).reduce((sum, count) => sum + count, 0);
    const region = batch.regions[column.place.buffer + more + index];
    if (region === undefined) throw corrupt("it has too few buffers");
    if (!(region.offset >= 0 && region.length >= 0 && region.offset + region.length <= length)) {
      throw corrupt("a buffer leads out of its batch");
    }
    const start = offset + region.offset;
    const end = start + region.length;
    let read: Read;
    if (body !== undefined) {
      read = within(body.subarray(region.offset, region.offset + region.length));
    } else {
      const window = openWindow(file, { end, aheadBytes, refuse, signal });
      read = (from, length) => from < 0 ? Promise.reject(refuse()) : window(start + from, length);
    }
    if (!unpack || region.length === 0) return read;
    let unpacked: Promise<Read> | undefined;
    return async (from, length) =>
      await (await (unpacked ??= readPacked(read, region.length, unpack)))(from, length);
  }

  async function readPacked(read: Read, length: number, unpack: Unpack): Promise<Read> {
    const size = Number(viewOf(await read(0, 8)).getBigInt64(0, true));
    if (size === -1) return (from, count) => read(8 + from, count); // as it is: it would not get smaller
    if (Math.max(size, length) > maxBufferBytes) {
      const hint = "Pass a larger maxBufferBytes where the file can be trusted.";
      const state = `a buffer has ${Math.max(size, length)} bytes, ${maxBufferBytes} are allowed`;
      throw unsupportedTable(file.path, `${name}: ${state}`, hint);
    }
    const bytes = unpack(await read(8, length - 8), size);
    if (bytes.byteLength === size) return within(bytes);
    throw corrupt(`a buffer has ${bytes.byteLength} bytes, not ${size}`);
  }

  const readValidity = node.nullCount > 0 ? open(0) : undefined;
  const readFirst = open(1);
  const readTexts = values.layout === "text" ? open(2) : undefined;
  const { views } = column.place;
  const readViewed = values.layout === "views"
    ? Array.from(
      { length: Math.min(batch.variadic[views] ?? 0, batch.regions.length) },
      (_, i) => open(2 + i),
    )
    : [];

  async function readArray(from: number, count: number): Promise<Raw> {
    const { array } = values;
    const bytes = await readFirst(from * array.BYTES_PER_ELEMENT, count * array.BYTES_PER_ELEMENT);
    return new array(new Uint8Array(bytes).buffer); // aligned
  }
  async function readBits(read: Read, from: number, count: number): Promise<Uint8Array> {
    const first = Math.floor(from / 8);
    const bytes = await read(first, Math.ceil((from + count) / 8) - first);
    const bits = new Uint8Array(count);
    for (let i = 0, bit = from % 8; i < count; i++, bit++) {
      bits[i] = bytes[bit >> 3] >> (bit & 7) & 1;
    }
    return bits;
  }
  async function readStrings(from: number, count: number, valid?: Uint8Array): Promise<Cell[]> {
    const offsets = Array.from(await readArray(from, count + 1) as ArrayLike<bigint>, Number);
    if (offsets.some((offset, i) => offset < (offsets[i - 1] ?? 0))) {
      throw corrupt("its strings end before they begin");
    }
    const bytes = await readTexts!(offsets[0], offsets[count] - offsets[0]);
    const strings: Cell[] = [];
    for (let i = 0; i < count; i++) {
      if (valid?.[i] === 0) continue;
      strings.push(
        UTF8.decode(bytes.subarray(offsets[i] - offsets[0], offsets[i + 1] - offsets[0])),
      );
    }
    return strings;
  }
  /** Views: a length, and the string itself up to 12 bytes, or which buffer has it and where. */
  async function readViews(from: number, count: number, valid?: Uint8Array): Promise<Cell[]> {
    const bytes = await readFirst(from * 16, count * 16);
    const view = viewOf(bytes);
    const strings: Cell[] = [];
    for (let at = 0; at < count * 16; at += 16) {
      if (valid?.[at / 16] === 0) continue;
      const length = view.getInt32(at, true);
      if (length < 0) throw corrupt("a string ends before it begins");
      if (length <= 12) strings.push(UTF8.decode(bytes.subarray(at + 4, at + 4 + length)));
      else {
        const read = readViewed[view.getInt32(at + 8, true)];
        if (read === undefined) throw corrupt("it has too few buffers");
        strings.push(UTF8.decode(await read(view.getInt32(at + 12, true), length)));
      }
    }
    return strings;
  }
  async function readCells(from: number, count: number): Promise<Cells> {
    let valid = readValidity && await readBits(readValidity, from, count);
    let present: Raw;
    if (values.layout === "text") present = await readStrings(from, count, valid);
    else if (values.layout === "views") present = await readViews(from, count, valid);
    else {
      const all = values.layout === "bits"
        ? Array.from(await readBits(readFirst, from, count), (bit) => bit === 1)
        : await readArray(from, count);
      present = valid?.includes(0) ? all.filter((_: unknown, i: number) => valid![i] === 1) : all;
    }
    if (nullable) valid ??= new Uint8Array(count).fill(1);
    const cells = values.toCells(present);
    return valid ? spreadCells(valid, cells) : cells;
  }

  return async (from, count) => {
    try {
      return await readCells(from, count);
    } catch (error) {
      if (isRegistryError(error) || signal?.aborted) throw error;
      const state = `${name}, from row ${firstRow + from}: ${messageOf(error).slice(0, 200)}`;
      throw error instanceof InexactCell
        ? unsupportedTable(file.path, state)
        : corruptTable(file.path, state, error);
    }
  };
}
