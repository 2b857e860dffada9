// Tables as Parquet, row group by row group.
import type { FormatOptions } from "../../core/format.ts";
import type { Cell, Column, Row, TableRows } from "../../core/table.ts";
import { checkRow } from "../../core/tables/check_row.ts";
import { unwritableTable } from "../../core/tables/table_file.ts";

/** How pages are packed. */
export type ParquetCompression = "snappy" | "gzip" | "none";

/** How a table is written. */
export interface ParquetWriteOptions {
  /** Rows in a row group, at most; one of 32 MiB ends too. They are in memory, several times over, while they are written. @default 32768 */
  rowGroupSize?: number;
  /** How pages are packed. @default "snappy" */
  compression?: ParquetCompression;
}

/** A row group ends when its cells have about as many bytes. */
const MAX_GROUP_BYTES = 32 * 1024 * 1024;

/** What a row group is written from. */
export interface ColumnCells {
  /** The name of the column. */
  name: string;
  /** Its cells. */
  data: Cell[];
  /** Set where they are not to be gathered in a dictionary. */
  encoding?: "PLAIN";
}

/** Writes a file; both give the bytes that have come since the last time. */
export interface RowGroupWriter {
  /** Writes a row group of so many rows. */
  writeGroup(columns: ColumnCells[], rows: number): Uint8Array | Promise<Uint8Array>;
  /** Writes the footer. */
  finish(): Uint8Array | Promise<Uint8Array>;
}

/** The bytes of a table, piece by piece: no more than a row group of them is in memory. */
export async function* encodeRows(
  table: TableRows,
  writer: RowGroupWriter,
  { rowGroupSize, signal }: { rowGroupSize: number } & FormatOptions,
): AsyncGenerator<Uint8Array> {
  const { columns } = table;
  let cells: Cell[][] = columns.map(() => []);
  let count = 0;
  let size = 0;
  async function endGroup(): Promise<Uint8Array> {
    const bytes = await writer.writeGroup(
      columns.map((column, i) => cellsOf(column, cells[i])),
      count,
    );
    cells = columns.map(() => []);
    count = size = 0;
    return bytes;
  }

  let number = 0;
  for await (const row of table.rows({ signal })) {
    signal?.throwIfAborted();
    checkRow(columns, row, ++number);
    if (columns.length === 0) {
      throw unwritableTable("Parquet", "it has rows and no columns", "Give it a column.");
    }
    for (const [i, { name }] of columns.entries()) {
      const cell = (row as Row)[name];
      cells[i].push(cell);
      size += typeof cell === "string" ? 4 + cell.length * 2 : 8;
    }
    if (++count >= rowGroupSize || size >= MAX_GROUP_BYTES) yield await endGroup();
  }
  if (count > 0) yield await endGroup();
  yield await writer.finish();
}

/** A dictionary of numbers takes 0 and -0 for one: they are written as they are. */
function cellsOf({ name, type }: Column, data: Cell[]): ColumnCells {
  return type === "number" ? { name, data, encoding: "PLAIN" } : { name, data };
}
