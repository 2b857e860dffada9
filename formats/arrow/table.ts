// A table over an Arrow file or stream, whose rows are read as they are asked for.
import type { FileToDecode, FormatOptions } from "../../core/format.ts";
import { shown } from "../../core/naming/names.ts";
import type { Cell, RangeTable } from "../../core/table.ts";
import { type Batch, batchTable, type Range } from "../../core/tables/batch_table.ts";
import { cellAt, type Cells, packCells } from "../../core/tables/cells.ts";
import { chooseColumns } from "../../core/tables/parts.ts";
import type { LocalTimes } from "../../core/tables/parts.ts";
import { corruptTable, unsupportedTable } from "../../core/tables/table_file.ts";
import { type CellsPlace, openCells } from "./batch.ts";
import { type ArrowColumn, columnsOf } from "./fields.ts";
import { type Message, readMessages } from "./messages.ts";

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
export async function openTable(
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
