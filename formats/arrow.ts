/**
 * Tables as Arrow files, whole or in part.
 *
 * @module
 */
import { shortOrStream } from "./content/short_or_stream.ts";
import { checkFile } from "./content/content.ts";
import type { Format, FormatOptions } from "./content/format.ts";
import type { FileToDecode } from "../core/file_store.ts";
import type { Cell, RangeTable, TableRows } from "./tables/table.ts";
import { isTable } from "./tables/list_columns.ts";
import { corruptTable, unsupportedTable, unwritable } from "./content/file_faults.ts";
import { encodeRows } from "./arrow/write.ts";
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

/**
 * Tables as `.arrow` files (https://arrow.apache.org/docs/format/Columnar.html). A file has the
 * names and types of its columns. Rows are read on demand, some of a batch at a time, however
 * large batches are; `column` reads the buffers of that column alone. Streams are read too, as
 * servers send them and `.arrows` files store them, and `.feather` files of version 2; version 1
 * is `Unsupported`.
 *
 * | in the file                                                     | in the table |
 * | --------------------------------------------------------------- | ------------ |
 * | `Utf8`, `LargeUtf8`, `Utf8View`                                 | `string`     |
 * | `Float32`, `Float64`; whole numbers of 8, 16 and 32 bits        | `number`     |
 * | whole numbers of 64 bits, those without sign up to 2^63         | `int64`      |
 * | `Bool`                                                          | `boolean`    |
 * | `Timestamp` with a time zone, to the millisecond, and `Date`    | `date`       |
 *
 * Dictionaries of these are read too. Columns of other types (bytes, decimals, times of day,
 * lists, structures) are `Unsupported`, unless `columns` excludes them; so are fractions of a
 * millisecond, and times without a time zone unless `localTimes` is `"utc"`. Buffers packed with
 * LZ4, or zstd if the runtime has it, are unpacked as a whole.
 *
 * Files are written unpacked, as `Utf8`, `Float64`, `Int64`, `Bool` and `Timestamp` of
 * milliseconds.
 *
 * @example
 * ```ts
 * import { arrow, createTable } from "@holdfast/holdfast/formats/arrow";
 * import { createFileManager, createFileStores } from "@holdfast/holdfast/files";
 * import { assertEquals } from "@std/assert";
 *
 * await using stores = createFileStores();
 * const files = await createFileManager(stores).on("memory");
 * const scores = createTable({ id: "int64", score: "number?" }, [
 *   { id: 1n, score: 0.5 },
 *   { id: 2n, score: null },
 * ]);
 * await files.save("scores.arrow", scores);
 * const table = await files.load("scores.arrow", { as: arrow() });
 * assertEquals(await table.column("id"), BigInt64Array.of(1n, 2n));
 * assertEquals(await Array.fromAsync(table.rows({ from: 1 })), [{ id: 2n, score: null }]);
 * ```
 */
export function arrow(options: ArrowOptions = {}): Format<ArrowTable, TableRows> {
  return {
    id: "arrow",
    extensions: [".arrow", ".feather"],
    mediaType: "application/vnd.apache.arrow.file",
    accepts: isTable,
    async encode(table, formatOptions = {}) {
      if (!isTable(table)) {
        throw unwritable("Arrow", "it is not a table", "Use createTable(columns, rows).");
      }
      return await shortOrStream(encodeRows(table, formatOptions));
    },
    decode: (file, formatOptions) => openArrow(file, { ...options, ...formatOptions }),
  };
}

/** Maximum number of rows that are decoded at once. */
const SLICE_ROWS = 4096;
const AHEAD_BYTES = 16 * 1024 * 1024;
/** Limits of the read-ahead of a buffer. */
const WINDOW_BYTES = { least: 16_384, most: 1024 * 1024 };

/** Options of {@linkcode arrow} and {@linkcode openArrow}, for reading. */
export interface ArrowOptions {
  /** The columns of the table, in this order. @default all, each of which must be supported */
  columns?: readonly string[];
  /** Handling of times without a time zone: refuse them, or read them as UTC. @default "refuse" */
  localTimes?: LocalTimes;
}

/** A table that is read in parts: batches without a wanted row and other columns are skipped. */
export type ArrowTable = RangeTable;

type Reading = Pick<CellsPlace, "file" | "aheadBytes" | "signal">;

/**
 * Opens the table of a file and reads only the schema. Rows, ranges and columns are read on demand.
 *
 * @throws {RegistryError} as {@linkcode arrow} reads
 */
export async function openArrow(
  file: FileToDecode,
  options: ArrowOptions & FormatOptions = {},
): Promise<ArrowTable> {
  checkFile(file, "open table");
  const { path } = file;
  const messages = readMessages(file, { signal: options.signal });
  const { value: schema } = await messages.next();
  await messages.return(undefined);
  if (schema?.kind !== "schema") throw corruptTable(path, "it does not begin with a schema");
  const all = columnsOf(schema, options.localTimes ?? "refuse");

  async function* read(wanted: readonly ArrowColumn[], range: Range): AsyncGenerator<Batch> {
    const { signal } = range;
    const most = Math.min(WINDOW_BYTES.most, AHEAD_BYTES / (wanted.length * 3));
    const aheadBytes = Math.floor(Math.max(WINDOW_BYTES.least, most));
    const reading = { file, aheadBytes, signal };
    const dictionaries = new Map<number, Cell[]>();
    const withBodies = wanted.length * 2 > all.length;
    let first = 0;
    for await (const message of readMessages(file, { withBodies, signal })) {
      if (first >= range.to) return;
      if (message.kind === "schema") continue;
      const rows = message.batch.length;
      if (!(rows >= 0)) throw corruptTable(path, "negative number of rows in a batch");
      if (message.kind === "dictionary") {
        await addDictionary(message, wanted, dictionaries, reading);
        continue;
      }
      if (wanted.length === 0 && rows > 0) {
        throw unsupportedTable(path, "it has rows but no columns");
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
      const state = `column ${shown(column.name)}: no value ${index} in its dictionary`;
      throw corruptTable(place.file.path, state);
    });
    return packCells(column, cells);
  };
}

/** Reads a dictionary that a wanted column uses; a delta extends the one before. */
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
