// A table over an Arrow file or stream, whose rows are read as they are asked for.
import type { FileToDecode, FormatOptions } from "../../core/format.ts";
import { shown } from "../../core/naming/names.ts";
import type { Cell, Row, RowRange, Table } from "../../core/table.ts";
import { collectCells, noColumn } from "../../core/tables/create_table.ts";
import { checkRange, chooseColumns, rowOf } from "../../core/tables/parts.ts";
import type { LocalTimes } from "../../core/tables/parts.ts";
import { corruptTable, unsupportedTable } from "../../core/tables/table_file.ts";
import { openCells, readBatch } from "./batch.ts";
import type { Batch } from "./batch.ts";
import { readFields } from "./fields.ts";
import type { ArrowColumn } from "./fields.ts";
import { KIND, parse, readMessages } from "./messages.ts";
import type { Message } from "./messages.ts";

/** Rows that are made at once, at most. */
const SLICE_ROWS = 1024;
/** All columns together read as much ahead. */
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

/** A table that is read in parts. */
export interface ArrowTable extends Table {
  /** All rows, or some: batches that have none of them are passed by, and columns that are not wanted. */
  rows(options?: RowRange): AsyncIterable<Row>;
}

/** Reads the schema of a file and gives its table. */
export async function openTable(
  file: FileToDecode,
  options: ArrowReadOptions & FormatOptions,
): Promise<ArrowTable> {
  const {
    localTimes = "refuse",
    maxHeadBytes = 16 * 1024 * 1024,
    maxBufferBytes = 64 * 1024 * 1024,
  } = options;
  const { path } = file;
  const all = await readSchema(file, { localTimes, maxHeadBytes, signal: options.signal });
  const columns = chooseColumns(path, all, options.columns);

  async function* rows(
    { columns: names, from = 0, to = Infinity, signal }: RowRange = {},
  ): AsyncGenerator<Row> {
    checkRange(path, { from, to });
    const wanted = names === undefined ? columns : chooseColumns(path, columns, names);
    const most = Math.min(WINDOW_BYTES.most, AHEAD_BYTES / (wanted.length * 3));
    const reading = {
      file,
      aheadBytes: Math.floor(Math.max(WINDOW_BYTES.least, most)),
      maxBufferBytes,
      signal,
    };
    const dictionaries = new Map<number, Cell[]>();
    let first = 0;
    const withBodies = wanted.length * 2 > all.length;
    for await (const message of readMessages(file, { maxHeadBytes, withBodies, signal })) {
      if (first >= to) return;
      if (message.kind === KIND.dictionary) {
        await addDictionary(message, wanted, dictionaries, reading);
      } else if (message.kind === KIND.batch) {
        const batch = readBatch(path, message, message.head);
        if (wanted.length === 0 && batch.rows > 0) {
          throw unsupportedTable(path, "it has rows and no columns");
        }
        const range = { from: Math.max(from - first, 0), to: Math.min(to - first, batch.rows) };
        if (range.from < range.to) {
          yield* batchRows(batch, { wanted, dictionaries, reading, range, first });
        }
        first += batch.rows;
      } else if (message.kind !== KIND.schema) {
        throw corruptTable(
          path,
          `the message before byte ${message.offset} is of a kind that there is not`,
        );
      }
    }
  }

  return {
    columns: columns.map(({ column }) => column),
    rows,
    async column(name, { signal } = {}) {
      const found = columns.find(({ column }) => column.name === name);
      if (found === undefined) throw noColumn(name, columns.map(({ column }) => column));
      return await collectCells(found.column, rows({ columns: [name], signal }));
    },
  };
}

async function readSchema(
  file: FileToDecode,
  { localTimes, maxHeadBytes, signal }: {
    localTimes: LocalTimes;
    maxHeadBytes: number;
    signal?: AbortSignal;
  },
) {
  const { path } = file;
  for await (const { kind, head, offset } of readMessages(file, { maxHeadBytes, signal })) {
    if (kind !== KIND.schema) break;
    return parse(path, offset, () => {
      if (head.number(0, 2) === 0) return readFields(head, localTimes);
      throw unsupportedTable(path, "its numbers have their most significant byte first");
    });
  }
  throw corruptTable(path, "it begins with no schema");
}

interface Reading {
  file: FileToDecode;
  aheadBytes: number;
  maxBufferBytes: number;
  signal?: AbortSignal;
}

/** Reads the values of a dictionary, if a column wants it: they replace those before, or follow them. */
async function addDictionary(
  message: Message,
  wanted: readonly ArrowColumn[],
  dictionaries: Map<number, Cell[]>,
  reading: Reading,
): Promise<void> {
  const { path } = reading.file;
  const { id, isMore, data } = parse(path, message.offset, () => ({
    id: message.head.number(0, 8),
    isMore: message.head.number(2, 1) !== 0,
    data: message.head.table(1),
  }));
  const user = wanted.find(({ dictionary }) => dictionary?.id === id);
  if (user === undefined) return;
  const batch = readBatch(path, message, data);
  const column = { column: { ...user.column, nullable: true }, place: { node: 0, buffer: 0 } };
  const take = openCells({ ...reading, batch, column, values: user.values, firstRow: 1 });
  const cells = isMore ? dictionaries.get(id) ?? [] : [];
  for (let at = 0; at < batch.rows; at += SLICE_ROWS) {
    for (const cell of await take(at, Math.min(SLICE_ROWS, batch.rows - at))) cells.push(cell);
  }
  dictionaries.set(id, cells);
}

async function* batchRows(
  batch: Batch,
  { wanted, dictionaries, reading, range, first }: {
    wanted: readonly ArrowColumn[];
    dictionaries: ReadonlyMap<number, Cell[]>;
    reading: Reading;
    range: { from: number; to: number };
    first: number;
  },
): AsyncGenerator<Row> {
  const { path } = reading.file;
  const takes = wanted.map((column) => {
    const values = column.dictionary?.index ?? column.values;
    const take = openCells({ ...reading, batch, column, values, firstRow: first + 1 });
    if (column.dictionary === undefined) return take;
    const cells = dictionaries.get(column.dictionary.id);
    return async (from: number, count: number) =>
      (await take(from, count)).map((index) => {
        if (index === null) return null;
        const cell = cells?.[Number(index)];
        if (cell !== undefined && (cell !== null || column.column.nullable)) return cell;
        throw corruptTable(
          path,
          `column ${shown(column.column.name)}: its dictionary has no value ${index}`,
        );
      });
  });
  for (let at = range.from; at < range.to; at += SLICE_ROWS) {
    reading.signal?.throwIfAborted();
    const count = Math.min(SLICE_ROWS, range.to - at);
    const cells = await Promise.all(takes.map((take) => take(at, count)));
    for (let i = 0; i < count; i++) yield rowOf(wanted, cells, i);
  }
}
