// The cells of one column of one record batch, read slice by slice.
import { unpackLz4Frame } from "../../core/bytes/lz4.ts";
import { unpackZstd } from "../../core/bytes/zstd.ts";
import { isRegistryError, messageOf } from "../../core/errors.ts";
import type { FileToDecode } from "../../core/format.ts";
import { openWindow } from "../../core/files/window.ts";
import { shown } from "../../core/naming/names.ts";
import type { Cell } from "../../core/table.ts";
import { InexactCell } from "../../core/tables/exact_cells.ts";
import { corruptTable, unsupportedTable } from "../../core/tables/table_file.ts";
import type { ArrowColumn, Values } from "./fields.ts";
import type { FlatTable } from "./flatbuffer.ts";
import { parse, viewOf } from "./messages.ts";
import type { Message } from "./messages.ts";

type Unpack = (packed: Uint8Array, size: number) => Uint8Array;

/** What packs buffers, by number. */
const CODECS: readonly { name: string; unpack?: Unpack }[] = [
  { name: "LZ4", unpack: unpackLz4Frame },
  { name: "zstd", unpack: unpackZstd },
];

/** A batch, of which only the head is read. */
export interface Batch {
  /** Rows in it. */
  rows: number;
  /** Rows and nulls of each node. */
  nodes: number[][];
  /** Where the buffers lie in the file, and how long they are. */
  buffers: number[][];
  /** How buffers are unpacked, each of which says its size in eight bytes before it. */
  unpack?: Unpack;
  /** The bytes of all buffers, where they are in memory, and where in the file they begin. */
  body?: { offset: number; bytes: Uint8Array };
}

/** What a batch says about itself. */
export function readBatch(
  path: string,
  { offset, length, body }: Message,
  head: FlatTable | undefined,
): Batch {
  return parse(path, offset, () => {
    const rows = head?.number(0, 8) ?? -1;
    if (head === undefined || rows < 0) {
      throw corruptTable(path, `the batch at byte ${offset} is damaged`);
    }
    const compression = head.table(3);
    const codec = compression && CODECS[compression.number(0, 1)];
    if (
      compression !== undefined && (codec?.unpack === undefined || compression.number(1, 1) !== 0)
    ) {
      throw unsupportedTable(path, `it is packed with ${codec?.name ?? "what is not known here"}`);
    }
    const buffers = head.structs(2, 2).map(([at, bytes]) => {
      if (at >= 0 && bytes >= 0 && at + bytes <= length) return [offset + at, bytes];
      throw corruptTable(path, `a buffer of the batch at byte ${offset} leads out of it`);
    });
    return {
      rows,
      nodes: head.structs(1, 2),
      buffers,
      unpack: codec?.unpack,
      body: body && { offset, bytes: body },
    };
  });
}

/** What {@linkcode openCells} is told. */
export interface CellsPlace {
  /** The file. */
  file: FileToDecode;
  /** The batch. */
  batch: Batch;
  /** The column, as it lies in this batch. */
  column: Pick<ArrowColumn, "column" | "place">;
  /** How its values are read. */
  values: Values;
  /** Which row of the table its first is, from 1, for messages. */
  firstRow: number;
  /** As much is read at once. */
  aheadBytes: number;
  /** A packed buffer that says it has more bytes is refused. */
  maxBufferBytes: number;
  /** Ends the reading. */
  signal?: AbortSignal;
}

/** Some bytes of a buffer. */
type Read = (from: number, length: number) => Promise<Uint8Array>;

/** Opens the cells of a column: the function gives some of them, from a row of the batch on, never going back. */
export function openCells(place: CellsPlace): (from: number, count: number) => Promise<Cell[]> {
  const { file, batch, column, values, firstRow, aheadBytes, maxBufferBytes, signal } = place;
  const { layout } = values;
  const name = `column ${shown(column.column.name)}`;
  const corrupt = (state: string, cause?: unknown) =>
    corruptTable(file.path, `${name}, from row ${firstRow}: ${state}`, cause);
  const [length, nulls] = batch.nodes[column.place.node] ?? [];
  if (length !== batch.rows || !(nulls >= 0)) throw corrupt(`it has not ${batch.rows} rows`);
  if (nulls > 0 && column.column.nullable !== true) {
    throw corrupt("it has nulls, and says that it has none");
  }

  const refuse = () => corrupt("its buffers are too short");
  const within = (bytes: Uint8Array): Read => (from, length) =>
    from + length <= bytes.byteLength
      ? Promise.resolve(bytes.subarray(from, from + length))
      : Promise.reject(refuse());

  /** A buffer as it lies in the file. */
  function openStored([offset, length]: number[]): Read {
    if (batch.body !== undefined) {
      const from = offset - batch.body.offset;
      return within(batch.body.bytes.subarray(from, from + length));
    }
    const read = openWindow(file, { end: offset + length, aheadBytes, refuse, signal });
    return (from, length) => read(offset + from, length);
  }

  /** A buffer, which is unpacked when something of it is first asked for. */
  function open(index: number): Read {
    const buffer = batch.buffers[column.place.buffer + index];
    if (buffer === undefined) throw corrupt("it has too few buffers");
    const read = openStored(buffer);
    const { unpack } = batch;
    if (unpack === undefined || buffer[1] === 0) return read;
    let unpacked: Promise<Read> | undefined;
    return async (from, length) =>
      await (await (unpacked ??= readPacked(read, buffer[1], unpack)))(from, length);
  }

  async function readPacked(read: Read, length: number, unpack: Unpack): Promise<Read> {
    const size = Number(viewOf(await read(0, 8)).getBigInt64(0, true));
    if (size === -1) return (from, count) => read(8 + from, count); // as it is: it would not get smaller
    if (Math.max(size, length) > maxBufferBytes) {
      const hint = "Pass a larger maxBufferBytes where the file can be trusted.";
      const state = `a buffer has ${Math.max(size, length)} bytes, ${maxBufferBytes} are allowed`;
      throw unsupportedTable(file.path, `${name}: ${state}`, hint);
    }
    const packed = await read(8, length - 8);
    let bytes: Uint8Array;
    try {
      bytes = unpack(packed, size);
    } catch (error) {
      throw corrupt(`a buffer is damaged (${messageOf(error).slice(0, 200)})`, error);
    }
    if (bytes.byteLength === size) return within(bytes);
    throw corrupt(`a buffer has ${bytes.byteLength} bytes, not ${size}`);
  }

  const readValidity = nulls > 0 ? open(0) : undefined;
  const readFirst = open(1);
  const readTexts = layout.kind === "text" ? open(2) : undefined;

  async function readBits(
    read: Read,
    from: number,
    count: number,
  ): Promise<(i: number) => boolean> {
    const first = Math.floor(from / 8);
    const bytes = await read(first, Math.ceil((from + count) / 8) - first);
    return (i) => (bytes[Math.floor((from + i) / 8) - first] >>> ((from + i) % 8) & 1) === 1;
  }

  async function readSlice(from: number, count: number): Promise<(i: number) => Cell> {
    switch (layout.kind) {
      case "bits":
        return await readBits(readFirst, from, count);
      case "fixed": {
        const view = viewOf(await readFirst(from * layout.bytes, count * layout.bytes));
        return (i) => values.read(view, i * layout.bytes);
      }
      case "text": {
        const { offsetBytes } = layout;
        const view = viewOf(
          (await readFirst(from * offsetBytes, (count + 1) * offsetBytes)).slice(),
        );
        const offset = (i: number) =>
          offsetBytes === 4 ? view.getInt32(i * 4, true) : Number(view.getBigInt64(i * 8, true));
        const start = offset(0);
        for (let i = 0, last = start; i <= count; last = offset(i++)) {
          if (offset(i) < last || last < 0) throw corrupt("its texts end before they begin");
        }
        const bytes = await readTexts!(start, offset(count) - start);
        return (i) => values.text(bytes.subarray(offset(i) - start, offset(i + 1) - start));
      }
    }
  }

  return async (from, count) => {
    const isThere = readValidity && await readBits(readValidity, from, count);
    const cell = await readSlice(from, count);
    try {
      return Array.from({ length: count }, (_, i) => isThere?.(i) === false ? null : cell(i));
    } catch (error) {
      if (isRegistryError(error)) throw error;
      const state = `${name}, from row ${firstRow + from}: ${messageOf(error)}`;
      throw error instanceof InexactCell
        ? unsupportedTable(file.path, state)
        : corruptTable(file.path, state, error);
    }
  };
}
