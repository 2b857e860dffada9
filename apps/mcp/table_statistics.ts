// Statistics of tables, to compare two versions of one.
import type { Cell } from "../../formats/csv.ts";
import { MOST_COLUMNS, openTable } from "./file_views.ts";

const MOST_ROWS = 200_000;
const MOST_BYTES = 64 * 1024 * 1024;

/** Reads the statistics of a table; undefined for other files, and for large ones. */
export async function readStatistics(file: Parameters<typeof openTable>[0]) {
  const table = file.info.size > MOST_BYTES ? undefined : await openTable(file);
  if (table === undefined) return undefined;
  const { columns } = table;
  const counts = columns.slice(0, MOST_COLUMNS).map(({ name }) => ({ ...EMPTY, name }));
  let rows = 0;
  for await (const row of table.rows()) {
    if (++rows > MOST_ROWS) break;
    for (const count of counts) add(count, row[count.name] ?? null);
  }
  return {
    rows: Math.min(rows, MOST_ROWS),
    onlyFirstRows: rows > MOST_ROWS || undefined,
    moreColumns: columns.length - counts.length || undefined,
    columns: Object.fromEntries(counts.map(({ name, empty, numbers, others, sum, min, max }) => {
      if (others > 0 || numbers === 0) return [name, { empty }];
      return [name, { empty, min, max, mean: Number((sum / numbers).toPrecision(6)) }];
    })),
  };
}

const EMPTY = { empty: 0, numbers: 0, others: 0, sum: 0, min: Infinity, max: -Infinity };

/** Counts a cell. Cells of CSV are strings, also those that are numbers. */
function add(count: typeof EMPTY, cell: Cell): void {
  if (cell === null || cell === "") return void count.empty++;
  const value = typeof cell === "boolean" || cell instanceof Date ? NaN : Number(cell);
  const isRounded = /^[+-]?\d+$/.test(`${cell}`) && !Number.isSafeInteger(value);
  if (Number.isNaN(value) || isRounded) return void count.others++;
  count.numbers++;
  count.sum += value;
  count.min = Math.min(count.min, value);
  count.max = Math.max(count.max, value);
}
