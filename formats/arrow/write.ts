// Tables as Arrow files, batch by batch.
import { concatBytes } from "../../core/bytes/bytes.ts";
import type { FormatOptions } from "../../core/format.ts";
import type { Cell, Column, ColumnType, Row, TableRows } from "../../core/table.ts";
import { checkRow } from "../../core/tables/check_row.ts";
import { unwritableTable } from "../../core/tables/table_file.ts";
import { TYPE } from "./fields.ts";
import { writeFlat } from "./flatbuffer.ts";
import type { FlatNode } from "./flatbuffer.ts";
import { CONTINUATION, KIND, MAGIC, VERSION } from "./messages.ts";

/** How a table is written. */
export interface ArrowWriteOptions {
  /** Rows in a batch, at most; one of 32 MiB ends too. They are in memory while they are written. @default 32768 */
  batchSize?: number;
}

/** A batch ends when its cells have about as many bytes. */
const MAX_BATCH_BYTES = 32 * 1024 * 1024;
/** Buffers begin at multiples of this. */
const ALIGNMENT = 64;

/** The types of Arrow for those of columns, and what they say more. */
const TYPES: Record<ColumnType, { type: number; details: FlatNode }> = {
  string: { type: TYPE.text, details: { fields: {} } },
  number: { type: TYPE.float, details: { fields: { 0: { number: 2, bytes: 2 } } } },
  int64: {
    type: TYPE.integer,
    details: { fields: { 0: { number: 64, bytes: 4 }, 1: { number: 1, bytes: 1 } } },
  },
  boolean: { type: TYPE.bool, details: { fields: {} } },
  date: { type: TYPE.timestamp, details: { fields: { 0: { number: 1, bytes: 2 }, 1: "UTC" } } },
};

/** The bytes of a table, piece by piece: no more than a batch of them is in memory. */
export async function* encodeRows(
  table: TableRows,
  { batchSize = 32_768 }: ArrowWriteOptions,
  options: FormatOptions,
): AsyncGenerator<Uint8Array> {
  const { columns } = table;
  const schema: FlatNode = { fields: { 1: columns.map(fieldOf) } };
  const blocks: number[][] = [];
  let offset = 8;
  yield new TextEncoder().encode(`${MAGIC}\0\0`);

  function* message(
    kind: number,
    head: FlatNode,
    buffers: readonly Uint8Array[] = [],
  ): Generator<Uint8Array> {
    const length = buffers.reduce((sum, { byteLength }) => sum + aligned(byteLength), 0);
    const flat = writeFlat({
      fields: {
        0: { number: VERSION, bytes: 2 },
        1: { number: kind, bytes: 1 },
        2: head,
        3: { number: length, bytes: 8 },
      },
    });
    const start = new Uint8Array(8);
    const view = new DataView(start.buffer);
    view.setUint32(0, CONTINUATION, true);
    view.setUint32(4, flat.byteLength, true);
    if (kind === KIND.batch) blocks.push([offset, 8 + flat.byteLength, length]);
    offset += 8 + flat.byteLength + length;
    yield concatBytes([start, flat]);
    for (const buffer of buffers) {
      if (buffer.byteLength > 0) yield buffer;
      if (buffer.byteLength % ALIGNMENT > 0) {
        yield new Uint8Array(aligned(buffer.byteLength) - buffer.byteLength);
      }
    }
  }
  yield* message(KIND.schema, schema);

  let cells: Cell[][] = columns.map(() => []);
  let count = 0;
  let size = 0;
  function endBatch(): Generator<Uint8Array> {
    const buffers = columns.flatMap((column, i) => buffersOf(column, cells[i]));
    let at = 0;
    const places = buffers.map(({ byteLength }) => {
      const place = [at, byteLength];
      at += aligned(byteLength);
      return place;
    });
    const nodes = cells.map((
      cells,
    ) => [cells.length, cells.filter((cell) => cell === null).length]);
    const head: FlatNode = {
      fields: { 0: { number: count, bytes: 8 }, 1: { structs: nodes }, 2: { structs: places } },
    };
    cells = columns.map(() => []);
    count = size = 0;
    return message(KIND.batch, head, buffers);
  }

  let number = 0;
  for await (const row of table.rows(options)) {
    options.signal?.throwIfAborted();
    checkRow(columns, row, ++number);
    if (columns.length === 0) {
      throw unwritableTable("Arrow", "it has rows and no columns", "Give it a column.");
    }
    for (const [i, { name }] of columns.entries()) {
      const cell = (row as Row)[name];
      cells[i].push(cell);
      size += typeof cell === "string" ? 4 + cell.length * 3 : 8;
    }
    if (++count >= batchSize || size >= MAX_BATCH_BYTES) yield* endBatch();
  }
  if (count > 0) yield* endBatch();
  yield footer(schema, blocks);
}

function fieldOf({ name, type, nullable }: Column): FlatNode {
  return {
    fields: {
      0: name,
      1: { number: nullable ? 1 : 0, bytes: 1 },
      2: { number: TYPES[type].type, bytes: 1 },
      3: TYPES[type].details,
      5: [],
    },
  };
}

/** The end of the stream in the file, and where its batches lie. */
function footer(schema: FlatNode, blocks: readonly number[][]): Uint8Array {
  const flat = writeFlat({
    fields: {
      0: { number: VERSION, bytes: 2 },
      1: schema,
      2: { structs: [] },
      3: { structs: blocks },
    },
  });
  const bytes = new Uint8Array(8 + flat.byteLength + 4 + MAGIC.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, CONTINUATION, true);
  bytes.set(flat, 8);
  view.setUint32(8 + flat.byteLength, flat.byteLength, true);
  bytes.set(new TextEncoder().encode(MAGIC), 12 + flat.byteLength);
  return bytes;
}

function aligned(length: number): number {
  return Math.ceil(length / ALIGNMENT) * ALIGNMENT;
}

/** The buffers of a column: which cells are there, then their values. */
function buffersOf({ type }: Column, cells: readonly Cell[]): Uint8Array[] {
  const validity = cells.includes(null) ? bitsOf(cells, (cell) => cell !== null) : new Uint8Array();
  if (type === "boolean") return [validity, bitsOf(cells, (cell) => cell === true)];
  if (type === "string") return [validity, ...textsOf(cells as (string | null)[])];
  const values = new DataView(new ArrayBuffer(cells.length * 8));
  for (const [i, cell] of cells.entries()) {
    if (typeof cell === "number") values.setFloat64(i * 8, cell, true);
    else if (typeof cell === "bigint") values.setBigInt64(i * 8, cell, true);
    else if (cell instanceof Date) values.setBigInt64(i * 8, BigInt(cell.getTime()), true);
  }
  return [validity, new Uint8Array(values.buffer)];
}

function bitsOf(cells: readonly Cell[], isSet: (cell: Cell) => boolean): Uint8Array {
  const bits = new Uint8Array(Math.ceil(cells.length / 8));
  for (const [i, cell] of cells.entries()) {
    if (isSet(cell)) bits[Math.floor(i / 8)] |= 1 << i % 8;
  }
  return bits;
}

function textsOf(cells: readonly (string | null)[]): [Uint8Array, Uint8Array] {
  const encoder = new TextEncoder();
  const offsets = new DataView(new ArrayBuffer((cells.length + 1) * 4));
  const texts: Uint8Array[] = [];
  let end = 0;
  for (const [i, cell] of cells.entries()) {
    const text = encoder.encode(cell ?? "");
    texts.push(text);
    offsets.setInt32((i + 1) * 4, end += text.byteLength, true);
  }
  return [new Uint8Array(offsets.buffer), concatBytes(texts)];
}
