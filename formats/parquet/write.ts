// Tables as Parquet, row group by row group.
import { gzipSync } from "node:zlib";
import { ByteWriter, ParquetWriter } from "npm:hyparquet-writer@^0.17";
import type { Column, TableRows } from "../tables/table.ts";
import { rowGroups } from "../tables/batch_table.ts";

/** How pages are packed. */
export type ParquetCompression = "snappy" | "gzip" | "none";

/** How a table is written. */
export interface ParquetWriteOptions {
  /** Rows in a row group, at most; one of 32 MiB ends too. They are in memory, several times over, while they are written. @default 32768 */
  rowGroupSize?: number;
  /** How pages are packed. @default "snappy" */
  compression?: ParquetCompression;
}

export const CODEC_NAMES = { snappy: "SNAPPY", gzip: "GZIP", none: "UNCOMPRESSED" } as const;

/** The elements of the schema for each type of column. */
const TYPES = {
  string: { type: "BYTE_ARRAY", converted_type: "UTF8", logical_type: { type: "STRING" } },
  number: { type: "DOUBLE" },
  int64: { type: "INT64" },
  boolean: { type: "BOOLEAN" },
  date: {
    type: "INT64",
    converted_type: "TIMESTAMP_MILLIS",
    logical_type: { type: "TIMESTAMP", isAdjustedToUTC: true, unit: "MILLIS" },
  },
} as const;

function elementOf({ name, type, nullable }: Column) {
  return { name, ...TYPES[type], repetition_type: nullable ? "OPTIONAL" : "REQUIRED" } as const;
}

/** The bytes of a table, piece by piece: no more than a row group of them is in memory. */
export async function* encodeRows(
  table: TableRows,
  { rowGroupSize, compression, signal }: Required<ParquetWriteOptions> & { signal?: AbortSignal },
): AsyncGenerator<Uint8Array> {
  const { columns } = table;
  const bytes = new ByteWriter() as ByteWriter & { index: number };
  const writer = new ParquetWriter({
    writer: bytes,
    schema: [{ name: "schema", num_children: columns.length }, ...columns.map(elementOf)],
    codec: CODEC_NAMES[compression],
    compressors: { GZIP: (page: Uint8Array) => gzipSync(page) },
    createdBy: "holdfast",
  });
  function written(): Uint8Array {
    const piece = bytes.getBytes().slice();
    bytes.index = 0;
    return piece;
  }
  for await (
    const { count, cells } of rowGroups(table, { format: "Parquet", maxRows: rowGroupSize, signal })
  ) {
    const columnData = columns.map(({ name, type }, i) => {
      // A dictionary of numbers takes 0 and -0 for one: they are written as they are.
      return { name, data: cells[i], ...(type === "number" && { encoding: "PLAIN" as const }) };
    });
    await writer.write({ columnData, rowGroupSize: count });
    yield written();
  }
  await writer.finish();
  yield written();
}
