// Tables as Arrow files, batch by batch. flechette writes the messages.
import { bool, float64, int64, timestamp, TimeUnit, utf8 } from "npm:@uwdata/flechette@2.6.0";
import { Builder } from "npm:@uwdata/flechette@2.6.0/src/encode/builder.js";
import { writeFooter } from "npm:@uwdata/flechette@2.6.0/src/encode/footer.js";
import { writeMessage } from "npm:@uwdata/flechette@2.6.0/src/encode/message.js";
import { encodeRecordBatch } from "npm:@uwdata/flechette@2.6.0/src/encode/record-batch.js";
import { encodeSchema } from "npm:@uwdata/flechette@2.6.0/src/encode/schema.js";
import { concatBytes } from "../../core/bytes/bytes.ts";
import type { FormatOptions } from "../content/format.ts";
import type { Cell, Column, TableRows } from "../tables/table.ts";
import { rowGroups } from "../tables/batch_table.ts";

const TYPES = {
  string: utf8(),
  number: float64(),
  int64: int64(),
  boolean: bool(),
  date: timestamp(TimeUnit.MILLISECOND, "UTC"),
};
const KIND = { schema: 1, batch: 3 };

/** Encodes a table piece by piece. A batch of it is in memory, of at most `maxRows` and 32 MiB. */
export async function* encodeRows(
  table: TableRows,
  { maxRows = 32_768, signal }: FormatOptions & { maxRows?: number } = {},
): AsyncGenerator<Uint8Array> {
  const { columns } = table;
  const fields = columns.map(({ name, type, nullable = false }) => {
    return { name, type: TYPES[type], nullable, metadata: null };
  });
  const schema = { fields, metadata: null };
  const pieces: Uint8Array[] = [];
  const builder = new Builder({ write: (bytes: Uint8Array) => void pieces.push(bytes) });
  const written = () => concatBytes(pieces.splice(0));
  builder.addBuffer(new TextEncoder().encode("ARROW1"));
  writeMessage(builder, KIND.schema, encodeSchema(builder, schema), 0);
  yield written();
  const blocks: unknown[] = [];
  const groups = rowGroups(table, { format: "Arrow", maxRows, signal });
  for await (const { cells } of groups) {
    const buffers = columns.flatMap((column, i) => buffersOf(column, cells[i]!));
    let length = 0;
    const regions = buffers.map(({ byteLength }) => {
      const region = { offset: length, length: byteLength };
      length += Math.ceil(byteLength / 8) * 8;
      return region;
    });
    const nodes = cells.map((cells) => {
      return { length: cells.length, nullCount: cells.filter((cell) => cell === null).length };
    });
    const head = encodeRecordBatch(builder, { nodes, regions, variadic: [] });
    writeMessage(builder, KIND.batch, head, length, blocks);
    for (const buffer of buffers) builder.addBuffer(buffer);
    yield written();
  }
  builder.addBuffer(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0));
  writeFooter(builder, schema, [], blocks, null);
  yield written();
}

/** Returns the buffers of a column: its validity, then its values. */
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
    if (isSet(cell)) bits[Math.floor(i / 8)]! |= 1 << i % 8;
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
