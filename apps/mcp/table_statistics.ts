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
  const counts = columns.slice(0, MOST_COLUMNS).map(({ name }) => new Count(name));
  let rows = 0;
  for await (const row of table.rows()) {
    if (++rows > MOST_ROWS) break;
    for (const count of counts) count.add(row[count.name] ?? null);
  }
  return {
    rows: Math.min(rows, MOST_ROWS),
    onlyFirstRows: rows > MOST_ROWS || undefined,
    moreColumns: columns.length - counts.length || undefined,
    columns: Object.fromEntries(counts.map((each) => [each.name, each.result()])),
  };
}

/** The statistics of a column. Cells of CSV are strings, also those that are numbers. */
class Count {
  #empty = 0;
  #sum = 0;
  #numbers = 0;
  #others = 0;
  #min = Infinity;
  #max = -Infinity;

  constructor(readonly name: string) {}

  add(cell: Cell): void {
    if (cell === null || cell === "") return void this.#empty++;
    const value = typeof cell === "boolean" || cell instanceof Date ? NaN : Number(cell);
    const isRounded = /^[+-]?\d+$/.test(`${cell}`) && !Number.isSafeInteger(value);
    if (Number.isNaN(value) || isRounded) return void this.#others++;
    this.#numbers++;
    this.#sum += value;
    this.#min = Math.min(this.#min, value);
    this.#max = Math.max(this.#max, value);
  }

  result() {
    const empty = this.#empty;
    if (this.#others > 0 || this.#numbers === 0) return { empty };
    const mean = Number((this.#sum / this.#numbers).toPrecision(6));
    return { empty, min: this.#min, max: this.#max, mean };
  }
}
