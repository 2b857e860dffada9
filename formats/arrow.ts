/**
 * Tables as Arrow files, whole or a part of them.
 *
 * @module
 */
import { shortOrStream } from "./content/short_or_stream.ts";
import { fault } from "../core/errors.ts";
import { checkFile } from "./content/content.ts";
import type { Format, FormatOptions } from "./content/format.ts";
import type { FileToDecode } from "../core/file_store.ts";
import type { Cell, RangeTable, TableRows } from "./tables/table.ts";
import { isTable } from "./tables/list_columns.ts";
import { corruptTable, unsupportedTable, unwritableTable } from "./tables/table_file.ts";
import { type ArrowWriteOptions, encodeRows } from "./arrow/write.ts";
import { shown } from "../core/naming/names.ts";
import { type Batch, batchTable, type Range } from "./tables/batch_table.ts";
import { cellAt, type Cells, packCells } from "./tables/cells.ts";
import { chooseColumns, type LocalTimes } from "./tables/parts.ts";
import { type CellsPlace, openCells } from "./arrow/batch.ts";
import { type ArrowColumn, columnsOf } from "./arrow/fields.ts";
import { type Message, readMessages } from "./arrow/messages.ts";

export type * from "./content/format.ts";
export type * from "./tables/table.ts";
export { createTable } from "./tables/create_table.ts";
export type { LocalTimes } from "./tables/parts.ts";
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

/** Rows that are made at once, at most. */
const SLICE_ROWS = 4096;
const AHEAD_BYTES = 16 * 1024 * 1024;
/** One buffer reads at least, and at most, as much ahead. */
const WINDOW_BYTES = { least: 16_384, most: 1024 * 1024 };

/** What is read of an Arrow file, and how. */
export interface ArrowReadOptions {
  /** The columns that the table has, in this order; others are not read. Absent: all, and each must be one that can be read. */
  columns?: readonly string[];
  /** How times without a time zone are read: not at all, or as if they were UTC. @default "refuse" */
  localTimes?: LocalTimes;
  /** A message that says more bytes of itself is `Unsupported`, before any memory is taken for it. @default 16777216 (16 Mi) */
  maxHeadBytes?: number;
  /** The same for a packed buffer, and what it is unpacked. @default 67108864 (64 Mi) */
  maxBufferBytes?: number;
}

/** A table that is read in parts: batches without a wanted row, and other columns, are passed by. */
export type ArrowTable = RangeTable;

type Reading = Pick<CellsPlace, "file" | "aheadBytes" | "maxBufferBytes" | "signal">;

/** Reads the schema of a file and gives its table. */
async function openTable(
  file: FileToDecode,
  options: ArrowReadOptions & FormatOptions,
): Promise<ArrowTable> {
  const { localTimes = "refuse", maxHeadBytes = 16 * 1024 * 1024 } = options;
  const { maxBufferBytes = 64 * 1024 * 1024 } = options;
  const { path } = file;
  const messages = readMessages(file, { maxHeadBytes, signal: options.signal });
  const { value: schema } = await messages.next();
  await messages.return(undefined);
  if (schema?.kind !== "schema") throw corruptTable(path, "it begins with no schema");
  const all = columnsOf(schema, localTimes);

  async function* read(wanted: readonly ArrowColumn[], range: Range): AsyncGenerator<Batch> {
    const { signal } = range;
    const most = Math.min(WINDOW_BYTES.most, AHEAD_BYTES / (wanted.length * 3));
    const aheadBytes = Math.floor(Math.max(WINDOW_BYTES.least, most));
    const reading = { file, aheadBytes, maxBufferBytes, signal };
    const dictionaries = new Map<number, Cell[]>();
    const withBodies = wanted.length * 2 > all.length;
    let first = 0;
    for await (const message of readMessages(file, { maxHeadBytes, withBodies, signal })) {
      if (first >= range.to) return;
      if (message.kind === "schema") continue;
      const rows = message.batch.length;
      if (!(rows >= 0)) throw corruptTable(path, "a batch has fewer rows than none");
      if (message.kind === "dictionary") {
        await addDictionary(message, wanted, dictionaries, reading);
        continue;
      }
      if (wanted.length === 0 && rows > 0) {
        throw unsupportedTable(path, "it has rows and no columns");
      }
      const from = Math.max(range.from - first, 0);
      const to = Math.min(range.to - first, rows);
      const firstRow = first + 1;
      first += rows;
      if (from >= to) continue;
      const takes = wanted.map((column) => {
        const place = { ...reading, message, column, firstRow };
        return openColumn(place, column, dictionaries);
      });
      for (let at = from; at < to; at += SLICE_ROWS) {
        signal?.throwIfAborted();
        const count = Math.min(SLICE_ROWS, to - at);
        yield { rows: count, cells: await Promise.all(takes.map((take) => take(at, count))) };
      }
    }
  }

  return batchTable({ path, columns: chooseColumns(path, all, options.columns), read });
}

function openColumn(
  place: Omit<CellsPlace, "values">,
  { column, values, dictionary }: ArrowColumn,
  dictionaries: ReadonlyMap<number, Cell[]>,
): (from: number, count: number) => Promise<Cells> {
  const take = openCells({ ...place, values: dictionary?.index ?? values });
  if (dictionary === undefined) return take;
  const known = dictionaries.get(dictionary.id) ?? [];
  return async (from, count) => {
    const indices = await take(from, count);
    const cells = Array.from({ length: count }, (_, i) => {
      const index = cellAt(indices, i);
      if (index === null) return null;
      const cell = known[Number(index)];
      if (cell !== undefined && (cell !== null || column.nullable)) return cell;
      const state = `column ${shown(column.name)}: its dictionary has no value ${index}`;
      throw corruptTable(place.file.path, state);
    });
    return packCells(column, cells);
  };
}

/** Reads the values of a dictionary, if a column wants it: they replace those before, or follow them. */
async function addDictionary(
  message: Extract<Message, { kind: "dictionary" }>,
  wanted: readonly ArrowColumn[],
  dictionaries: Map<number, Cell[]>,
  reading: Reading,
): Promise<void> {
  const { id, isDelta, batch: { length } } = message;
  const user = wanted.find(({ dictionary }) => dictionary?.id === id);
  if (user === undefined) return;
  const place = { node: 0, buffer: 0, views: 0 };
  const column = { column: { ...user.column, nullable: true }, place };
  const take = openCells({ ...reading, message, column, values: user.values, firstRow: 1 });
  const cells = isDelta ? dictionaries.get(id) ?? [] : [];
  for (let at = 0; at < length; at += SLICE_ROWS) {
    const count = Math.min(SLICE_ROWS, length - at);
    const some = await take(at, count);
    for (let i = 0; i < count; i++) cells.push(cellAt(some, i));
  }
  dictionaries.set(id, cells);
}
