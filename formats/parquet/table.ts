// A table over a Parquet file, whose rows are read as they are asked for.
import type { FileToDecode, FormatOptions } from "../../core/format.ts";
import { type Batch, batchTable, type Range } from "../../core/tables/batch_table.ts";
import type { RangeTable } from "../../core/table.ts";
import { chooseColumns } from "../../core/tables/parts.ts";
import type { LocalTimes } from "../../core/tables/parts.ts";
import { unsupportedTable } from "../../core/tables/table_file.ts";
import { openChunk } from "./chunk.ts";
import { columnsOf } from "./columns.ts";
import type { FileColumn } from "./columns.ts";
import { readFooter } from "./footer.ts";

const AHEAD_BYTES = 16 * 1024 * 1024;
/** One column reads at least, and at most, as much ahead. */
const WINDOW_BYTES = { least: 65_536, most: 2 * 1024 * 1024 };

const MAX_FOOTER_BYTES = 16 * 1024 * 1024;

/** What is read of a Parquet file, and how. */
export interface ParquetReadOptions {
  /** The columns that the table has, in this order; others are not read. Absent: all, and each must be one that can be read. */
  columns?: readonly string[];
  /** How times without a time zone are read: not at all, or as if they were UTC. @default "refuse" */
  localTimes?: LocalTimes;
  /** A page that says it has more bytes, or values of more, is `Unsupported`, before any memory is taken for it. @default 67108864 (64 Mi) */
  maxPageBytes?: number;
  /** The same for the footer, of which a copy of several times its size is in memory. @default 16777216 (16 Mi) */
  maxFooterBytes?: number;
  /** `column` of a table with more rows is `Unsupported`: a few bytes can say that a value is there a thousand million times. @default 134217728 (128 Mi) */
  maxColumnRows?: number;
}

/** A table that is read in parts: row groups and pages without a wanted row, and other columns, are passed by. */
export interface ParquetTable extends RangeTable {
  readonly rowCount: number;
}

/** Reads the footer of a file and gives its table. */
export async function openTable(
  file: FileToDecode,
  options: ParquetReadOptions & FormatOptions,
): Promise<ParquetTable> {
  const { localTimes = "refuse", maxPageBytes = 64 * 1024 * 1024 } = options;
  const { maxFooterBytes = MAX_FOOTER_BYTES, maxColumnRows = 128 * 1024 * 1024 } = options;
  const { path } = file;
  const footer = await readFooter(file, maxFooterBytes, options.signal);
  const all = columnsOf(path, footer.schema, localTimes);
  if (all.length === 0 && footer.rows > 0) {
    throw unsupportedTable(path, "it has rows and no columns");
  }

  async function* read(wanted: readonly FileColumn[], range: Range): AsyncGenerator<Batch> {
    const { least, most } = WINDOW_BYTES;
    const windowBytes = Math.max(least, Math.min(most, AHEAD_BYTES / wanted.length));
    let first = 0;
    for (const group of footer.groups) {
      const from = Math.max(range.from - first, 0);
      let left = Math.min(range.to - first, group.rows) - from;
      const firstRow = first + 1;
      first += group.rows;
      if (left <= 0) continue;
      const sizes = { maxPageBytes, windowBytes };
      const chunks = wanted.map((column) =>
        openChunk({ file, column, group, firstRow, ...sizes, signal: range.signal })
      );
      if (from > 0) await Promise.all(chunks.map((chunk) => chunk.skip(from)));
      while (left > 0) {
        range.signal?.throwIfAborted();
        await Promise.all(chunks.map((chunk) => chunk.fill()));
        const rows = chunks.reduce((least, chunk) => Math.min(least, chunk.left), left);
        yield { rows, cells: chunks.map((chunk) => chunk.take(rows)) };
        left -= rows;
      }
    }
  }

  const table = batchTable({
    path,
    columns: chooseColumns(path, all, options.columns),
    read,
    checkColumn() {
      if (footer.rows <= maxColumnRows) return;
      const hint = "Read its rows, or pass a larger maxColumnRows where the file can be trusted.";
      const state = `it has ${footer.rows} rows, ${maxColumnRows} are allowed at once`;
      throw unsupportedTable(path, state, hint);
    },
  });
  return { ...table, rowCount: footer.rows };
}
