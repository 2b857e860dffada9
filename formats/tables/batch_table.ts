// Tables over files that are read in batches of rows, column by column.
import type { Cell, Column, RangeTable, Row, TableRows } from "./table.ts";
import { type Cells, joinCells, rowOf } from "./cells.ts";
import { noColumn } from "./create_table.ts";
import { checkRange, chooseColumns } from "./parts.ts";
import { checkRow } from "./check_row.ts";
import { unwritable } from "../content/file_faults.ts";

/** The cells of some rows, in the order of the requested columns. */
export interface Batch {
  rows: number;
  cells: readonly Cells[];
}

export interface Range {
  from: number;
  to: number;
  signal?: AbortSignal;
}

/** Makes a table of batches; `checkColumn` throws if a whole column is too large. */
export function batchTable<C extends { column: Column }>(
  { path, columns, read, checkColumn }: {
    path: string;
    columns: readonly C[];
    read(columns: readonly C[], range: Range): AsyncIterable<Batch>;
    checkColumn?(): void;
  },
): RangeTable {
  const listed = columns.map(({ column }) => column);
  async function* column(wanted: C, signal?: AbortSignal): AsyncGenerator<Cells> {
    for await (const { cells } of read([wanted], { from: 0, to: Infinity, signal })) yield* cells;
  }
  return {
    columns: listed,
    async *rows({ columns: names, from = 0, to = Infinity, signal } = {}) {
      checkRange(path, { from, to });
      const chosenColumns = names === undefined ? columns : chooseColumns(path, columns, names);
      const outputColumns = chosenColumns.map(({ column }) => column);
      for await (const { rows, cells } of read(chosenColumns, { from, to, signal })) {
        for (let i = 0; i < rows; i++) {
          if (i % 1024 === 0) signal?.throwIfAborted();
          yield rowOf(outputColumns, cells, i);
        }
      }
    },
    async column(name, { signal } = {}) {
      const match = columns.find(({ column }) => column.name === name);
      if (match === undefined) throw noColumn(name, listed);
      checkColumn?.();
      return await joinCells(match.column, column(match, signal));
    },
  };
}

/** Approximate size of the cells of a group, bytes. */
const MAX_GROUP_BYTES = 32 * 1024 * 1024;

interface RowGroup {
  count: number;
  cells: Cell[][];
}

/** Groups rows, up to `maxRows` each. Throws for a row that does not match the columns. */
export async function* rowGroups(
  table: TableRows,
  { format, maxRows, signal }: { format: string; maxRows: number; signal?: AbortSignal },
): AsyncGenerator<RowGroup> {
  const { columns } = table;
  let cells: Cell[][] = columns.map(() => []);
  let count = 0;
  let size = 0;
  let number = 0;
  for await (const row of table.rows({ signal })) {
    signal?.throwIfAborted();
    checkRow(columns, row, ++number);
    if (columns.length === 0) {
      throw unwritable(format, "it has rows but no columns", "Give it a column.");
    }
    for (const [i, { name }] of columns.entries()) {
      const cell = (row as Row)[name] as Cell;
      cells[i]!.push(cell);
      size += typeof cell === "string" ? 4 + cell.length * 2 : 8;
    }
    if (++count < maxRows && size < MAX_GROUP_BYTES) continue;
    yield { count, cells };
    cells = columns.map(() => []);
    count = size = 0;
  }
  if (count > 0) yield { count, cells };
}
