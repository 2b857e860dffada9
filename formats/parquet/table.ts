// A table over a Parquet file, whose rows are read as they are asked for.
import type { FileToDecode, FormatOptions } from "../../core/format.ts";
import { shown } from "../../core/naming/names.ts";
import type { Row, RowRange, Table } from "../../core/table.ts";
import { collectCells, noColumn } from "../../core/tables/create_table.ts";
import { checkRange, chooseColumns, rowOf } from "../../core/tables/parts.ts";
import type { LocalTimes } from "../../core/tables/parts.ts";
import { corruptTable, unsupportedTable } from "../../core/tables/table_file.ts";
import { openChunk } from "./chunk.ts";
import { columnsOf } from "./columns.ts";
import type { FileColumn } from "./columns.ts";
import { readFooter } from "./footer.ts";
import type { ColumnChunk, Footer, RowGroup } from "./footer.ts";
import { CODECS } from "./unpack.ts";

/** Rows that are made at once, at most. */
const BATCH_ROWS = 1024;
/** All columns together read as much ahead. */
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
  /** A page that says it has more bytes is `Unsupported`, before any memory is taken for it. @default 67108864 (64 Mi) */
  maxPageBytes?: number;
  /** The same for the footer, of which a copy of several times its size is in memory. @default 16777216 (16 Mi) */
  maxFooterBytes?: number;
  /** `column` of a table with more rows is `Unsupported`: a few bytes can say that a value is there a thousand million times. @default 134217728 (128 Mi) */
  maxColumnRows?: number;
}

/** A table that is read in parts. */
export interface ParquetTable extends Table {
  /** Number of rows. */
  readonly rowCount: number;
  /** All rows, or some: row groups and pages that have none of them are passed by, and columns that are not wanted. */
  rows(options?: RowRange): AsyncIterable<Row>;
}

/** Reads the footer of a file and gives its table. */
export async function openTable(
  file: FileToDecode,
  options: ParquetReadOptions & FormatOptions,
): Promise<ParquetTable> {
  const {
    localTimes = "refuse",
    maxPageBytes = 64 * 1024 * 1024,
    maxFooterBytes = MAX_FOOTER_BYTES,
  } = options;
  const { maxColumnRows = 128 * 1024 * 1024 } = options;
  const { path } = file;
  const footer = await readFooter(file, maxFooterBytes, options.signal);
  const all = columnsOf(path, footer, localTimes);
  const columns = chooseColumns(path, all, options.columns);
  checkGroups(path, footer, all.length === 0);

  async function* groupRows(
    group: RowGroup,
    first: number,
    range: Range,
    wanted: readonly FileColumn[],
  ) {
    const windowBytes = Math.max(
      WINDOW_BYTES.least,
      Math.min(WINDOW_BYTES.most, AHEAD_BYTES / wanted.length),
    );
    const chunks = wanted.map((column) => {
      const place = placeOf(file, column, group);
      const { signal } = range;
      return openChunk({
        ...place,
        file,
        column,
        firstRow: first + 1,
        maxPageBytes,
        windowBytes,
        signal,
      });
    });
    const from = Math.max(range.from - first, 0);
    const to = Math.min(range.to - first, group.rows);
    if (from > 0) await Promise.all(chunks.map((chunk) => chunk.skip(from)));
    for (let at = from; at < to; at += BATCH_ROWS) {
      range.signal?.throwIfAborted();
      const count = Math.min(BATCH_ROWS, to - at);
      const cells = await Promise.all(chunks.map((chunk) => chunk.take(count)));
      for (let i = 0; i < count; i++) yield rowOf(wanted, cells, i);
    }
  }

  async function* rows(
    { columns: names, from = 0, to = footer.rows, signal }: RowRange = {},
  ): AsyncGenerator<Row> {
    checkRange(path, { from, to });
    const wanted = names === undefined ? columns : chooseColumns(path, columns, names);
    let first = 0;
    for (const group of footer.groups) {
      if (first >= to) return;
      if (first + group.rows > from) yield* groupRows(group, first, { from, to, signal }, wanted);
      first += group.rows;
    }
  }

  return {
    columns: columns.map(({ column }) => column),
    rowCount: footer.rows,
    rows,
    async column(name, { signal } = {}) {
      const found = columns.find(({ column }) => column.name === name);
      if (found === undefined) throw noColumn(name, columns.map(({ column }) => column));
      if (footer.rows > maxColumnRows) {
        const hint = "Read its rows, or pass a larger maxColumnRows where the file can be trusted.";
        throw unsupportedTable(
          path,
          `it has ${footer.rows} rows, ${maxColumnRows} are allowed at once`,
          hint,
        );
      }
      return await collectCells(found.column, rows({ columns: [name], signal }));
    },
  };
}

interface Range {
  from: number;
  to: number;
  signal?: AbortSignal;
}

function checkGroups(path: string, { groups, rows, schema }: Footer, isEmpty: boolean): void {
  const leaves =
    schema.filter(({ type, children = 0 }) => type !== undefined && children === 0).length;
  let sum = 0;
  for (const [index, group] of groups.entries()) {
    if (group.rows < 0 || group.columns.length !== leaves) {
      throw corruptTable(path, `its row group ${index + 1} is damaged`);
    }
    sum += group.rows;
  }
  if (sum !== rows) {
    throw corruptTable(path, `it says it has ${rows} rows, and its row groups have ${sum}`);
  }
  if (isEmpty && rows > 0) throw unsupportedTable(path, "it has rows and no columns");
}

/** Where the chunk of a column lies: inside the file, with a value for each row. */
function placeOf(
  file: FileToDecode,
  { column, leaf, type }: FileColumn,
  { columns, rows }: RowGroup,
) {
  const { file: other, meta }: ColumnChunk = columns[leaf];
  const name = `column ${shown(column.name)}`;
  if (other !== undefined) throw unsupportedTable(file.path, `${name}: it lies in another file`);
  if (meta === undefined) throw unsupportedTable(file.path, `${name}: it is encrypted`);
  const { dictionary = 0, data, compressed: length, codec } = meta;
  const offset = dictionary > 0 ? Math.min(dictionary, data) : data;
  if (
    meta.type !== type || meta.values !== rows || offset < 4 || length < 0 ||
    offset + length > file.size
  ) {
    throw corruptTable(file.path, `${name}: its place is damaged`);
  }
  if (CODECS[codec]?.unpack === undefined) {
    throw unsupportedTable(
      file.path,
      `${name}: it is packed with ${CODECS[codec]?.name ?? `codec ${codec}`}`,
    );
  }
  return { offset, length, rows, codec };
}
