// Tables whose cells are in memory.
import type { Cell } from "../../../../../formats/tables/table.ts";
import type { TableFacts, TableReader } from "../table_reader.ts";

const PART_ROWS = 500;

export function rowsTable({ columns, rowCount, cellAt, isPart, note }: {
  columns: TableFacts["columns"];
  rowCount: number;
  cellAt(column: number, row: number): Cell;
  isPart?: boolean;
  note?: string;
}): TableReader {
  const rowsOf = (chosen: readonly number[], from: number, to: number) =>
    Array.from(
      { length: Math.max(0, Math.min(to, rowCount) - from) },
      (_, i) => chosen.map((column) => cellAt(column, from + i)),
    );
  return {
    columns,
    rowCount,
    others: [],
    hasNull: true,
    isPart,
    note,
    page: ({ from, count, columns: chosen = columns.map((_, i) => i) }) =>
      Promise.resolve({
        rows: rowsOf(chosen, from, from + count),
        isEnd: from + count >= rowCount,
      }),
    async *parts(chosen, signal, { from, to } = { from: 0, to: rowCount }) {
      for (let at = from; at < Math.min(to, rowCount); at += PART_ROWS) {
        signal?.throwIfAborted();
        const rows = rowsOf(chosen, at, Math.min(to, at + PART_ROWS));
        yield { rows, progress: (at + rows.length) / rowCount };
      }
    },
  };
}
