// Tables of rows in memory or from a generator.
import { notFound, type RegistryError } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import type { Cell, Column, Columns, Row, RowOf, Table, TableOptions } from "./table.ts";
import { untilAborted } from "../../core/work/until_aborted.ts";
import { type Cells, joinCells, packCells } from "./cells.ts";
import { checkRow } from "./check_row.ts";
import { listColumns } from "./list_columns.ts";

/** Rows that are packed into a typed array at a time. */
const CHUNK_ROWS = 65_536;

/**
 * Creates a table of rows in memory, or of a function that returns them from the first each time.
 * Each row is checked when it is read.
 *
 * @throws {RegistryError} `Invalid` for invalid columns; from `rows` for a row that does not match
 *
 * @example
 * ```ts
 * import { createTable } from "@holdfast/holdfast/formats/csv";
 * import { assertEquals } from "@std/assert";
 *
 * const table = createTable({ id: "int64", score: "number?" }, [
 *   { id: 1n, score: 0.5 },
 *   { id: 2n, score: null },
 * ]);
 * assertEquals(await table.column("id"), BigInt64Array.of(1n, 2n));
 * ```
 */
export function createTable<const C extends Columns>(
  columns: C,
  rows:
    | readonly RowOf<C>[]
    | ((options: TableOptions) => Iterable<RowOf<C>> | AsyncIterable<RowOf<C>>),
): Table<RowOf<C>> {
  const listed = listColumns(columns);
  const table: Table = {
    columns: listed,
    async *rows(options = {}) {
      const source = (typeof rows === "function" ? rows(options) : rows) as
        | Iterable<Row>
        | AsyncIterable<Row>;
      let number = 0;
      for await (const row of untilAborted(source, options.signal)) {
        options.signal?.throwIfAborted();
        checkRow(listed, row, ++number);
        yield row;
      }
    },
    async column(name, options = {}) {
      const column = listed.find((column) => column.name === name);
      if (column !== undefined) {
        return await joinCells(column, cellsOf(column, table.rows(options)));
      }
      throw noColumn(name, listed);
    },
  };
  return table as unknown as Table<RowOf<C>>;
}

export function noColumn(name: string, columns: readonly Pick<Column, "name">[]): RegistryError {
  return notFound("read column", shown(name), "the table has no such column", {
    hint: `Use one of ${columns.map(({ name }) => shown(name)).join(", ")}.`.slice(0, 1_000),
  });
}

/** Yields the cells of a column, packed in chunks. */
async function* cellsOf(column: Column, rows: AsyncIterable<Row>): AsyncGenerator<Cells> {
  let cells: Cell[] = [];
  for await (const row of rows) {
    if (cells.push(row[column.name] as Cell) < CHUNK_ROWS) continue;
    yield packCells(column, cells);
    cells = [];
  }
  yield packCells(column, cells);
}
