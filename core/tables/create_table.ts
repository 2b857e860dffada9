// Tables of rows that a program has or makes.
import { fault, type RegistryError } from "../errors.ts";
import { shown } from "../naming/names.ts";
import type { Cell, CellsOf, Column, Columns, Row, RowOf, Table, TableOptions } from "../table.ts";
import { untilAborted } from "../work/until_aborted.ts";
import { checkRow } from "./check_row.ts";
import { listColumns } from "./list_columns.ts";

/** So many numbers are moved into a typed array at once. */
const CHUNK_ROWS = 65_536;

/**
 * A table of rows that are in memory, or that a function gives, each time from the first. Each row is checked when it
 * comes.
 *
 * @throws {RegistryError} `Invalid` for columns that are not; `rows` for a row that has other members or types
 *
 * @example
 * ```ts
 * import { createTable } from "@holdfast/holdfast/formats/csv";
 * import { assertEquals } from "@std/assert";
 *
 * const table = createTable({ id: "int64", score: "number?" }, [{ id: 1n, score: 0.5 }, { id: 2n, score: null }]);
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
      if (column !== undefined) return await collectCells(column, table.rows(options));
      throw noColumn(name, listed);
    },
  };
  return table as unknown as Table<RowOf<C>>;
}

type Numbers = Float64Array | BigInt64Array;

/** The typed array of a column that has one. */
function arrayOf(
  { type, nullable }: Column,
): (new (content: number | readonly Cell[]) => Numbers) | undefined {
  if (nullable || (type !== "number" && type !== "int64")) return undefined;
  return (type === "number" ? Float64Array : BigInt64Array) as new (
    content: number | readonly Cell[],
  ) => Numbers;
}

/** The error of a name that no column has. */
export function noColumn(name: string, columns: readonly Pick<Column, "name">[]): RegistryError {
  return fault({
    code: "NotFound",
    action: "read column",
    subject: shown(name),
    state: "the table has none of that name",
    hint: `Its columns are ${columns.map(({ name }) => shown(name)).join(", ")}.`.slice(0, 1_000),
  });
}

/** All cells of a column of these rows. */
export async function collectCells(
  column: Column,
  rows: AsyncIterable<Row>,
): Promise<CellsOf<Cell>> {
  const array = arrayOf(column);
  const chunks: Numbers[] = [];
  let cells: Cell[] = [];
  for await (const row of rows) {
    cells.push(row[column.name]);
    if (array === undefined || cells.length < CHUNK_ROWS) continue;
    chunks.push(new array(cells));
    cells = [];
  }
  if (array === undefined) return cells;
  chunks.push(new array(cells));
  const whole = new array(chunks.reduce((length, chunk) => length + chunk.length, 0));
  let offset = 0;
  for (const chunk of chunks) {
    whole.set(chunk as never, offset);
    offset += chunk.length;
  }
  return whole;
}
