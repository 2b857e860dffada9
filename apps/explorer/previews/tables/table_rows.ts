// Rows in memory: read up to a limit, described, filtered and sorted.
import type { Cell } from "../../../../formats/tables/table.ts";
import { numberText } from "../parts.ts";
import type { TableSource } from "./table_source.ts";

/** Rows that statistics, sort and filter read. */
export const MAX_ROWS = 20_000;
/** Cells and characters of them. */
const MAX_CELLS = 1_000_000;
const MAX_CHARACTERS = 16 * 1024 * 1024;
const STEP = 2000;
const MAX_DISTINCT = 1000;

export type Rows = readonly (readonly Cell[])[];

/** Reads the first rows, all of them if they are within the limits. */
export async function readRows(
  source: TableSource,
  columns: readonly number[] | undefined,
  signal?: AbortSignal,
): Promise<{ rows: Rows; isAll: boolean }> {
  const width = Math.max(1, columns?.length ?? source.columns.length);
  const most = Math.max(1, Math.min(MAX_ROWS, Math.floor(MAX_CELLS / width)));
  const rows: (readonly Cell[])[] = [];
  let characters = 0;
  for (;;) {
    const range = { from: rows.length, count: Math.min(STEP, most - rows.length), columns };
    const page = await source.page(range, signal).catch((error) => {
      if (rows.length === 0 || signal?.aborted) throw error;
    });
    if (page === undefined) return { rows, isAll: false }; // a later row is damaged or too long
    for (const row of page.rows) {
      rows.push(row);
      for (const cell of row) if (typeof cell === "string") characters += cell.length;
    }
    if (page.isEnd || rows.length >= most || characters > MAX_CHARACTERS) {
      return { rows, isAll: page.isEnd };
    }
  }
}

/** Statistics of a column. */
export interface ColumnStatistics {
  nulls: number;
  /** Absent above 1,000. */
  distinct?: number;
  min?: string;
  max?: string;
  mean?: string;
  /** The most frequent value and its count, if it occurs more than once. */
  top?: { value: string; count: number };
}

/** Formats a cell. */
export function cellText(cell: Cell): string {
  if (cell === null) return "";
  return cell instanceof Date ? cell.toISOString() : String(cell);
}

/** Returns a cell as a number, if it is one or a string that is. Nothing else is guessed. */
function numberOf(cell: Cell): number | undefined {
  if (typeof cell === "number") return cell;
  if (typeof cell === "bigint") return Number(cell);
  if (typeof cell !== "string" || !/^\s*[+-]?(\d|\.\d)/.test(cell)) return undefined;
  const number = Number(cell);
  return Number.isNaN(number) ? undefined : number;
}

/** Returns true if every cell that is not empty is a number. */
export function isNumeric(rows: Rows, column: number): boolean {
  const cells = rows.map((row) => row[column] ?? null).filter((cell) =>
    cell !== null && cell !== ""
  );
  return cells.length > 0 && cells.every((cell) => numberOf(cell) !== undefined);
}

export function describeColumn(rows: Rows, column: number): ColumnStatistics {
  const all = rows.map((row) => row[column] ?? null);
  const cells = all.filter((cell) => !isEmpty(cell));
  const nulls = all.length - cells.length;
  if (cells.length === 0) return { nulls, distinct: 0 };
  const isNumbers = isNumeric(rows, column);
  const compare = comparison(isNumbers);
  const min = cells.reduce((a, b) => compare(b, a) < 0 ? b : a);
  const max = cells.reduce((a, b) => compare(b, a) > 0 ? b : a);
  const mean = cells.reduce<number>((sum, cell) => sum + (numberOf(cell) ?? 0), 0) / cells.length;
  return {
    nulls,
    ...distinctOf(cells),
    min: cellText(min),
    max: cellText(max),
    ...isNumbers && { mean: numberText(mean) },
  };
}

function distinctOf(cells: readonly Cell[]): Pick<ColumnStatistics, "distinct" | "top"> {
  const counts = new Map<string, number>();
  for (const cell of cells) {
    const text = cellText(cell);
    counts.set(text, (counts.get(text) ?? 0) + 1);
    if (counts.size > MAX_DISTINCT) return {};
  }
  const [value, count] = [...counts].reduce((a, b) => b[1] > a[1] ? b : a);
  return { distinct: counts.size, ...count > 1 && { top: { value, count } } };
}

/** Returns a comparison of cells. Null comes last. */
function comparison(isNumbers: boolean): (a: Cell, b: Cell) => number {
  return (a, b) => {
    if (isEmpty(a) || isEmpty(b)) return Number(isEmpty(a)) - Number(isEmpty(b));
    if (isNumbers) return numberOf(a)! - numberOf(b)!;
    if (a instanceof Date && b instanceof Date) return a.getTime() - b.getTime();
    const [left, right] = [cellText(a), cellText(b)];
    return left < right ? -1 : left > right ? 1 : 0;
  };
}

function isEmpty(cell: Cell | undefined): boolean {
  return cell === null || cell === undefined || cell === "";
}

/** Returns the rows with a text in any cell, in the order of a column. */
export function chooseRows(
  rows: Rows,
  { filter, sort }: { filter: string; sort?: { column: number; isDown: boolean } },
): Rows {
  const wanted = filter.toLowerCase();
  const kept = wanted === ""
    ? rows
    : rows.filter((row) => row.some((cell) => cellText(cell).toLowerCase().includes(wanted)));
  if (sort === undefined) return kept;
  const compare = comparison(isNumeric(rows, sort.column));
  const sign = sort.isDown ? -1 : 1;
  return [...kept].sort((a, b) => {
    const [left, right] = [a[sort.column] ?? null, b[sort.column] ?? null];
    const isRest = isEmpty(left) || isEmpty(right);
    return (isRest ? 1 : sign) * compare(left, right);
  });
}
