/**
 * Tables as Parquet, whole or in part.
 *
 * @module
 */
import { providePart } from "../core/urls/provide_part.ts";
import { shortOrStream } from "./content/short_or_stream.ts";
import { invalid } from "../core/errors.ts";
import { checkFile } from "./content/content.ts";
import type { Format, FormatOptions } from "./content/format.ts";
import type { FileToDecode } from "../core/file_store.ts";
import { shown } from "../core/naming/names.ts";
import type { RangeTable, TableRows } from "./tables/table.ts";
import { isTable } from "./tables/list_columns.ts";
import { unsupportedTable, unwritable } from "./content/file_faults.ts";
import { CODEC_NAMES, encodeRows, type ParquetCompression } from "./parquet/write.ts";
import { batchTable } from "./tables/batch_table.ts";
import {
  chooseColumns,
  type FineTimes,
  type LocalTimes,
  type UnsignedIntegers,
} from "./tables/parts.ts";
import { columnsOf } from "./parquet/columns.ts";
import { readFooter } from "./parquet/footer.ts";
import { MAX_PAGE_BYTES, readGroups } from "./parquet/read_groups.ts";

export type * from "./content/format.ts";
export type * from "./tables/table.ts";
export { createTable } from "./tables/create_table.ts";
export type { FineTimes, LocalTimes, UnsignedIntegers } from "./tables/parts.ts";
export type { ParquetCompression } from "./parquet/write.ts";

/**
 * Tables as `.parquet` files (https://parquet.apache.org/docs/file-format/). A file has the names
 * and types of its columns. Rows are read on demand, a page of each column at a time, however
 * large row groups are; `column` reads the pages of that column alone.
 *
 * | in the file                                              | in the table |
 * | -------------------------------------------------------- | ------------ |
 * | text (`STRING`, `ENUM`, `JSON`)                          | `string`     |
 * | `FLOAT`, `DOUBLE`; whole numbers of 8, 16 and 32 bits    | `number`     |
 * | whole numbers of 64 bits, those without sign up to 2^63  | `int64`      |
 * | `BOOLEAN`                                                | `boolean`    |
 * | `TIMESTAMP` in UTC, to the millisecond, and `DATE`       | `date`       |
 *
 * Columns of other types (bytes, decimals, times of day, `INT96`, lists, structures) are
 * `Unsupported`, unless `columns` excludes them; so are fractions of a millisecond unless
 * `fineTimes` is `"text"`, and times without a time zone unless `localTimes` is `"text"` or `"utc"`.
 * All encodings of Parquet 2 are read, in pages of version 1 and 2, packed with Snappy, gzip,
 * Brotli, LZ4 or zstd (if the runtime has it). Page checksums are verified.
 *
 * Files are written as `STRING`, `DOUBLE`, `INT64`, `BOOLEAN` and `TIMESTAMP` of milliseconds in
 * UTC.
 *
 * @example
 * ```ts
 * import { createTable, parquet } from "@holdfast/holdfast/formats/parquet";
 * import { createFileManager, createFileStores } from "@holdfast/holdfast/files";
 * import { assertEquals } from "@std/assert";
 *
 * await using stores = createFileStores();
 * const files = await createFileManager(stores).on("memory");
 * const scores = createTable({ id: "int64", score: "number?" }, [
 *   { id: 1n, score: 0.5 },
 *   { id: 2n, score: null },
 * ]);
 * await files.save("scores.parquet", scores);
 * const table = await files.load("scores.parquet", { as: parquet() });
 * assertEquals(await table.column("id"), BigInt64Array.of(1n, 2n));
 * assertEquals(await Array.fromAsync(table.rows({ from: 1 })), [{ id: 2n, score: null }]);
 * ```
 */
export function parquet(options: ParquetReadOptions & {
  /** The compression of written files. @default "snappy" */
  compression?: ParquetCompression;
} = {}): Format<ParquetTable, TableRows> {
  const { compression = "snappy" } = options;
  if (!Object.hasOwn(CODEC_NAMES, compression)) {
    throw invalid("write Parquet", undefined, `compression is ${shown(compression)}`, {
      hint: `Use one of ${Object.keys(CODEC_NAMES).join(", ")}.`,
    });
  }
  return {
    id: "parquet",
    extensions: [".parquet"],
    mediaType: "application/vnd.apache.parquet",
    accepts: isTable,
    async encode(table, formatOptions = {}) {
      if (!isTable(table)) {
        throw unwritable("Parquet", "it is not a table", "Use createTable(columns, rows).");
      }
      const { signal } = formatOptions;
      return await shortOrStream(encodeRows(table, { compression, signal }));
    },
    decode: (file, formatOptions) => openParquet(file, { ...options, ...formatOptions }),
  };
}

/** Options of {@linkcode openParquet}. */
export interface ParquetReadOptions {
  /** The columns of the table, in this order. @default all, each of which must be supported */
  columns?: readonly string[];
  /** Handling of times without a time zone. @default "refuse" */
  localTimes?: LocalTimes;
  /** Handling of times in UTC in microseconds or nanoseconds. @default "refuse" */
  fineTimes?: FineTimes;
  /** Handling of unsigned integers of 64 bits. @default "refuse" */
  unsignedIntegers?: UnsignedIntegers;
  /**
   * Maximum rows of a table for `column`: a few bytes can declare 10^9. @default 134217728 (128 Mi)
   */
  maxColumnRows?: number;
  /**
   * Largest page of a column, bytes: packed, unpacked or as values. A larger one is `Unsupported`,
   * and so is a footer of more than half.
   *
   * @default 67108864 (64 Mi)
   */
  maxPageBytes?: number;
}

/** A table that is read in parts: pages without a wanted row and other columns are skipped. */
export interface ParquetTable extends RangeTable {
  readonly rowCount: number;
}

/**
 * Opens the table of a file and reads only the footer. Rows, ranges and columns are read on demand.
 *
 * @throws {RegistryError} as {@linkcode parquet} reads
 */
export async function openParquet(
  file: FileToDecode,
  options: ParquetReadOptions & FormatOptions = {},
): Promise<ParquetTable> {
  checkFile(file, "open table");
  const { localTimes = "refuse", fineTimes = "refuse", unsignedIntegers = "refuse" } = options;
  const { maxColumnRows = 128 * 1024 * 1024 } = options;
  const { maxPageBytes = MAX_PAGE_BYTES, signal } = options;
  const { path } = file;
  const footer = await readFooter(file, { signal, maxBytes: maxPageBytes / 2 });
  const all = columnsOf(path, footer.schema, { localTimes, fineTimes, unsignedIntegers });
  if (all.length === 0 && footer.rows > 0) {
    throw unsupportedTable(path, "it has rows but no columns");
  }

  const table = batchTable({
    path,
    columns: chooseColumns(path, all, options.columns),
    read: (columns, range) => readGroups(file, footer.groups, { ...range, columns, maxPageBytes }),
    checkColumn() {
      if (footer.rows <= maxColumnRows) return;
      const hint = "Read its rows, or pass a larger maxColumnRows if you trust the file.";
      const state = `it has ${footer.rows} rows, ${maxColumnRows} are allowed at once`;
      throw unsupportedTable(path, state, hint);
    },
  });
  return { ...table, rowCount: footer.rows };
}

providePart("parquet.ts", { parquet, openParquet });
