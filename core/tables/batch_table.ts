// Tables over files that are read some rows at a time, column by column.
import type { Column, RangeTable } from "../table.ts";
import { type Cells, joinCells, rowOf } from "./cells.ts";
import { noColumn } from "./create_table.ts";
import { checkRange, chooseColumns } from "./parts.ts";

/** The cells of some rows, in the order of the columns that were asked for. */
export interface Batch {
  rows: number;
  cells: readonly Cells[];
}

export interface Range {
  from: number;
  to: number;
  signal?: AbortSignal;
}

/** The table of what `read` gives; `checkColumn` throws where a whole column is too much. */
export function batchTable<C extends { column: Column }>(
  { path, columns, read, checkColumn }: {
    path: string;
    columns: readonly C[];
    read(wanted: readonly C[], range: Range): AsyncIterable<Batch>;
    checkColumn?(): void;
  },
): RangeTable {
  const listed = columns.map(({ column }) => column);
  async function* column(wanted: C, signal?: AbortSignal): AsyncGenerator<Cells> {
    for await (const { cells } of read([wanted], { from: 0, to: Infinity, signal })) yield cells[0];
  }
  return {
    columns: listed,
    async *rows({ columns: names, from = 0, to = Infinity, signal } = {}) {
      checkRange(path, { from, to });
      const wanted = names === undefined ? columns : chooseColumns(path, columns, names);
      const named = wanted.map(({ column }) => column);
      for await (const { rows, cells } of read(wanted, { from, to, signal })) {
        for (let i = 0; i < rows; i++) {
          if (i % 1024 === 0) signal?.throwIfAborted();
          yield rowOf(named, cells, i);
        }
      }
    },
    async column(name, { signal } = {}) {
      const found = columns.find(({ column }) => column.name === name);
      if (found === undefined) throw noColumn(name, listed);
      checkColumn?.();
      return await joinCells(found.column, column(found, signal));
    },
  };
}
