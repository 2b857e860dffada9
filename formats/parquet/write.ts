// Tables as Parquet, row group by row group.
import { gzipSync } from "node:zlib";
import { ByteWriter, ParquetWriter } from "npm:hyparquet-writer@^0.17";
import type { FormatOptions } from "../content/format.ts";
import type { Column, TableRows } from "../tables/table.ts";
import { rowGroups } from "../tables/batch_table.ts";

/** The codec of pages. */
export type ParquetCompression = "snappy" | "gzip" | "none";

export const CODEC_NAMES = { snappy: "SNAPPY", gzip: "GZIP", none: "UNCOMPRESSED" } as const;

/** Schema elements of each column type. */
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

/** Encodes a table by row groups of at most `maxRows` and 32 MiB, in memory several times. */
export async function* encodeRows(
  table: TableRows,
  { maxRows = 32_768, compression, signal }: FormatOptions & {
    maxRows?: number;
    compression: ParquetCompression;
  },
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
  function flushedBytes(): Uint8Array {
    const piece = bytes.getBytes().slice();
    bytes.index = 0;
    return piece;
  }
  const groups = rowGroups(table, { format: "Parquet", maxRows, signal });
  for await (const { count, cells } of groups) {
    const columnData = columns.map(({ name, type }, i) => {
      // A dictionary of numbers would not distinguish 0 and -0.
      return { name, data: cells[i]!, ...(type === "number" && { encoding: "PLAIN" as const }) };
    });
    await writer.write({ columnData, rowGroupSize: count });
    yield flushedBytes();
  }
  await writer.finish();
  yield flushedBytes();
}
