// Rows of a table gathered in groups, column by column, for formats that write them so.
import type { Cell, Row, TableRows } from "../table.ts";
import { checkRow } from "./check_row.ts";
import { unwritableTable } from "./table_file.ts";

/** A group ends when its cells have about as many bytes. */
const MAX_GROUP_BYTES = 32 * 1024 * 1024;

export interface RowGroup {
  count: number;
  cells: Cell[][];
}

/** The rows in groups of up to `maxRows`. Throws for a row that is not of the columns. */
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
      throw unwritableTable(format, "it has rows and no columns", "Give it a column.");
    }
    for (const [i, { name }] of columns.entries()) {
      const cell = (row as Row)[name];
      cells[i].push(cell);
      size += typeof cell === "string" ? 4 + cell.length * 2 : 8;
    }
    if (++count < maxRows && size < MAX_GROUP_BYTES) continue;
    yield { count, cells };
    cells = columns.map(() => []);
    count = size = 0;
  }
  if (count > 0) yield { count, cells };
}
