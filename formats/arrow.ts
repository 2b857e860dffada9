/**
 * Tables as Arrow files, whole or a part of them.
 *
 * @module
 */
import { shortOrStream } from "../core/bytes/short_or_stream.ts";
import { fault } from "../core/errors.ts";
import { checkFile } from "../core/files/content.ts";
import type { FileToDecode, Format, FormatOptions } from "../core/format.ts";
import type { TableRows } from "../core/table.ts";
import { isTable } from "../core/tables/list_columns.ts";
import { unwritableTable } from "../core/tables/table_file.ts";
import { openTable } from "./arrow/table.ts";
import type { ArrowReadOptions, ArrowTable } from "./arrow/table.ts";
import { encodeRows } from "./arrow/write.ts";
import type { ArrowWriteOptions } from "./arrow/write.ts";

export type * from "../core/format.ts";
export type * from "../core/table.ts";
export { createTable } from "../core/tables/create_table.ts";
export type { LocalTimes } from "../core/tables/parts.ts";
export type { ArrowReadOptions, ArrowTable } from "./arrow/table.ts";
export type { ArrowWriteOptions } from "./arrow/write.ts";

/** Options of {@linkcode arrow}. */
export interface ArrowOptions extends ArrowReadOptions, ArrowWriteOptions {}

/**
 * Tables as `.arrow` files (https://arrow.apache.org/docs/format/Columnar.html). A file has the names and types of its
 * columns, so nothing needs to be told. It is read in parts while rows are asked for: some of the rows of a batch, however
 * large batches are, and `column` reads the buffers of that column alone. Streams are read too,
 * as servers send them and `.arrows` files hold them. A `.feather` file is such a file, since version 2; version 1 is
 * `Unsupported`.
 *
 * | in the file                                                     | in the table |
 * | --------------------------------------------------------------- | ------------ |
 * | `Utf8`, `LargeUtf8`, `Utf8View`                                 | `string`     |
 * | `Float32`, `Float64`; whole numbers of 8, 16 and 32 bits        | `number`     |
 * | whole numbers of 64 bits, those without sign up to 2^63         | `int64`      |
 * | `Bool`                                                          | `boolean`    |
 * | `Timestamp` with a time zone, to the millisecond, and `Date`    | `date`       |
 *
 * So are dictionaries of these. A column of another type (bytes, decimals, times of day, lists, structures) is
 * `Unsupported`, unless `columns` names others; so is a moment between two milliseconds, and a time without a time zone
 * unless `localTimes` is `"utc"`. Packed buffers, of LZ4, or zstd where the runtime has it, are unpacked as a whole.
 *
 * Written are files of `Utf8`, `Float64`, `Int64`, `Bool` and `Timestamp` of milliseconds in UTC, not packed.
 *
 * @example
 * ```ts
 * import { arrow, createTable } from "@holdfast/holdfast/formats/arrow";
 * import { createFileManager, createFileStores } from "@holdfast/holdfast/files";
 * import { assertEquals } from "@std/assert";
 *
 * await using stores = createFileStores();
 * const files = await createFileManager(stores).on("memory");
 * const scores = createTable({ id: "int64", score: "number?" }, [{ id: 1n, score: 0.5 }, { id: 2n, score: null }]);
 * await files.save("scores.arrow", scores);
 * const table = await files.load("scores.arrow", { as: arrow() });
 * assertEquals(await table.column("id"), BigInt64Array.of(1n, 2n));
 * assertEquals(await Array.fromAsync(table.rows({ from: 1 })), [{ id: 2n, score: null }]);
 * ```
 */
export function arrow(options: ArrowOptions = {}): Format<ArrowTable, TableRows> {
  const { batchSize = 32_768 } = options;
  if (!Number.isSafeInteger(batchSize) || batchSize < 1) {
    throw fault({
      code: "Invalid",
      action: "write Arrow",
      state: `its batches have ${batchSize} rows`,
      hint: "A batch has one row or more.",
    });
  }
  return {
    id: "arrow",
    extensions: [".arrow", ".feather"],
    mediaType: "application/vnd.apache.arrow.file",
    accepts: isTable,
    async encode(table, formatOptions = {}) {
      if (!isTable(table)) {
        throw unwritableTable("Arrow", "it is no table", "createTable(columns, rows) makes one.");
      }
      return await shortOrStream(encodeRows(table, options, formatOptions));
    },
    decode: (file, formatOptions) => openTable(file, { ...options, ...formatOptions }),
  };
}

/**
 * The table of a file, of which only the schema is read. Rows, a range of them, or some columns, are read when they are
 * asked for.
 *
 * @throws {RegistryError} as {@linkcode arrow} reads
 */
export async function openArrow(
  file: FileToDecode,
  options: ArrowReadOptions & FormatOptions = {},
): Promise<ArrowTable> {
  checkFile(file, "open a table");
  return await openTable(file, options);
}
