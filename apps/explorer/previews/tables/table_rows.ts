// Rows of a table: all of them are read once, in parts, and only some are kept in memory.
import { numberText } from "../../components/format.ts";
import type { Cell } from "../../../../formats/tables/table.ts";
import type { Bounds } from "./parquet_table.ts";
import type { TablePart, TableSource } from "./table_source.ts";

/** Rows, cells and characters that are kept in memory. */
export const MAX_ROWS = 20_000;
const MAX_CELLS = 1_000_000;
const MAX_CHARACTERS = 16 * 1024 * 1024;
export const MAX_CELL = 200;
const MAX_DISTINCT = 1000;
/** Milliseconds of work after which the page may answer. */
const SLICE_MS = 12;

export type Rows = readonly (readonly Cell[])[];

export interface Wanted {
  readonly filter: string;
  readonly sort?: { readonly column: number; readonly isDown: boolean };
}

/** The rows of a table that were wanted, as far as memory allows. */
export interface FoundRows {
  readonly rows: Rows;
  /** Rows that match; more than `rows` if not all were kept. */
  readonly matched: number;
  readonly read: number;
  /** False if reading was stopped, or a later row is damaged or too long. */
  readonly isEnd: boolean;
  /** Of all rows that were read. */
  readonly statistics: readonly ColumnStatistics[];
}

export interface FindOptions {
  readonly signal?: AbortSignal;
  /** Ends the search with what is found. */
  readonly stop?: AbortSignal;
  readonly onProgress?: (read: number, progress?: number) => void;
}

/** Reads all rows of some columns. Of those that match, the first in the order are kept. */
export async function findRows(
  source: TableSource,
  columns: readonly number[],
  wanted: Wanted,
  { signal, stop, onProgress }: FindOptions = {},
): Promise<FoundRows> {
  const kept = new KeptRows(Math.max(1, columns.length), wanted.sort);
  const tallies = columns.map(() => new Tally());
  const filter = parseFilter(wanted.filter, columns.map((i) => source.columns[i]!.name));
  let [read, matched, begun] = [0, 0, Date.now()];
  const found = (isEnd: boolean): FoundRows => {
    const statistics = tallies.map((tally) => tally.statistics());
    return { rows: kept.end(), matched, read, isEnd, statistics };
  };
  try {
    for await (const { rows, progress } of partsOf(source, columns, filter, signal)) {
      for (const row of rows) {
        row.forEach((cell, i) => tallies[i]!.add(cell));
        if (!filter.matches(row)) continue;
        matched++;
        kept.add(row);
      }
      read += rows.length;
      if (Date.now() - begun > SLICE_MS) {
        onProgress?.(read, progress);
        await new Promise((resolve) => setTimeout(resolve)); // clicks and frames come first
        begun = Date.now();
      }
      signal?.throwIfAborted();
      if (stop?.aborted) return found(false);
    }
  } catch (error) {
    if (read === 0 || signal?.aborted) throw error;
    return found(false);
  }
  return found(true);
}

/** Reads the groups of rows that may match, as far as the bounds of their columns tell. */
async function* partsOf(
  source: TableSource,
  columns: readonly number[],
  filter: Filter,
  signal?: AbortSignal,
): AsyncGenerator<TablePart> {
  const groups = source.groups?.filter(({ bounds }) => filter.mayMatch(bounds));
  if (groups === undefined || groups.length === source.groups!.length) {
    return yield* source.parts(columns, signal);
  }
  for (const group of groups) yield* source.parts(columns, signal, group);
}

/** Rows within the limits: the first, or the first in an order. */
class KeptRows {
  readonly #most: number;
  readonly #compare?: (a: readonly Cell[], b: readonly Cell[]) => number;
  #rows: (readonly Cell[])[] = [];
  #characters = 0;
  /** The last row in the order that is kept, if others were left out. */
  #last?: readonly Cell[];

  constructor(width: number, sort: Wanted["sort"]) {
    this.#most = Math.max(1, Math.min(MAX_ROWS, Math.floor(MAX_CELLS / width)));
    this.#compare = sort && rowComparison(sort);
  }

  add(row: readonly Cell[]): void {
    const isSorted = this.#compare !== undefined;
    const isFull = this.#rows.length >= this.#most * (isSorted ? 2 : 1) ||
      this.#characters > MAX_CHARACTERS;
    if (isFull && !isSorted || this.#last && this.#compare!(row, this.#last) >= 0) return;
    if (isFull) this.#cut();
    this.#rows.push(row.map(shortened));
    this.#characters += charactersOf(row);
  }

  end(): Rows {
    if (this.#compare !== undefined) this.#cut();
    return this.#rows;
  }

  #cut(): void {
    this.#rows.sort(this.#compare);
    this.#rows.length = Math.min(this.#rows.length, this.#most);
    const count = () => this.#rows.reduce((sum, row) => sum + charactersOf(row), 0);
    while ((this.#characters = count()) > MAX_CHARACTERS / 2 && this.#rows.length > 1) {
      this.#rows.length = this.#rows.length >> 1;
    }
    this.#last = this.#rows.at(-1);
  }
}

function shortened(cell: Cell): Cell {
  // A slice keeps the whole string in memory; a joined copy does not.
  return typeof cell === "string" && cell.length > MAX_CELL
    ? `${[...cell.slice(0, MAX_CELL)].join("")}…`
    : cell;
}

function charactersOf(row: readonly Cell[]): number {
  return row.reduce<number>(
    (sum, cell) => sum + (typeof cell === "string" ? Math.min(cell.length, MAX_CELL) : 8),
    0,
  );
}

/** Reads the first rows with their whole cells, all of them if they are within the limits. */
export async function readRows(
  source: TableSource,
  columns: readonly number[],
  signal?: AbortSignal,
): Promise<{ rows: Rows; isAll: boolean }> {
  const most = Math.max(1, Math.min(MAX_ROWS, Math.floor(MAX_CELLS / Math.max(1, columns.length))));
  const rows: (readonly Cell[])[] = [];
  let characters = 0;
  try {
    for await (const part of source.parts(columns, signal)) {
      for (const row of part.rows) {
        if (rows.length >= most || characters > MAX_CHARACTERS) return { rows, isAll: false };
        rows.push(row);
        for (const cell of row) if (typeof cell === "string") characters += cell.length;
      }
    }
  } catch (error) {
    if (rows.length === 0 || signal?.aborted) throw error;
    return { rows, isAll: false }; // a later row is damaged or too long
  }
  return { rows, isAll: true };
}

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

/** Collects the statistics of a column, cell by cell. */
export class Tally {
  #nulls = 0;
  #count = 0;
  #numbers = 0;
  #sum = 0;
  #min: Cell = null;
  #max: Cell = null;
  #distinct: Map<string, number> | undefined = new Map();

  add(cell: Cell | undefined): void {
    if (isEmpty(cell)) return void this.#nulls++;
    const known = shortened(cell!);
    const number = numberOf(known);
    if (number !== undefined) {
      this.#numbers++;
      this.#sum += number;
    }
    if (this.#count++ === 0 || compareCells(known, this.#min) < 0) this.#min = known;
    if (this.#count === 1 || compareCells(known, this.#max) > 0) this.#max = known;
    if (this.#distinct === undefined) return;
    const text = cellText(known);
    this.#distinct.set(text, (this.#distinct.get(text) ?? 0) + 1);
    if (this.#distinct.size > MAX_DISTINCT) this.#distinct = undefined;
  }

  statistics(): ColumnStatistics {
    const nulls = this.#nulls;
    if (this.#count === 0) return { nulls, distinct: 0 };
    return {
      nulls,
      ...this.#counted(),
      min: cellText(this.#min),
      max: cellText(this.#max),
      ...this.#numbers === this.#count && { mean: numberText(this.#sum / this.#count) },
    };
  }

  #counted(): Pick<ColumnStatistics, "distinct" | "top"> {
    if (this.#distinct === undefined) return {};
    const [value, count] = [...this.#distinct].reduce((a, b) => b[1] > a[1] ? b : a);
    return { distinct: this.#distinct.size, ...count > 1 && { top: { value, count } } };
  }
}

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

/** Compares cells that are not empty: numbers, which come first, as numbers. */
function compareCells(a: Cell, b: Cell): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  if (a instanceof Date && b instanceof Date) return a.getTime() - b.getTime();
  const [one, other] = [numberOf(a), numberOf(b)];
  if (one !== undefined && other !== undefined) return one - other;
  if (one !== undefined || other !== undefined) return one === undefined ? 1 : -1;
  const [left, right] = [cellText(a), cellText(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}

/** Compares rows by a column. Empty cells come last. */
function rowComparison({ column, isDown }: NonNullable<Wanted["sort"]>) {
  const sign = isDown ? -1 : 1;
  return (a: readonly Cell[], b: readonly Cell[]) => {
    const [left, right] = [a[column] ?? null, b[column] ?? null];
    if (isEmpty(left) || isEmpty(right)) return Number(isEmpty(left)) - Number(isEmpty(right));
    return sign * compareCells(left, right);
  };
}

function isEmpty(cell: Cell | undefined): boolean {
  return cell === null || cell === undefined || cell === "";
}

interface Filter {
  matches(row: readonly Cell[]): boolean;
  /** Returns false if no row of a group with these bounds can match. */
  mayMatch(bounds: ReadonlyMap<string, Bounds>): boolean;
}

const DAY = /^\d{4}-\d\d-\d\d/;
const CONDITION = /(\S+?)\s*(<=|>=|!=|=|<|>)\s*(\S+)/g;

/** Tests of a cell by its order to a value, and of two bounds by theirs. */
const COMPARISONS: Readonly<
  Record<string, readonly [cell: (order: number) => boolean, (min: number, max: number) => boolean]>
> = {
  "=": [(order) => order === 0, (min, max) => min <= 0 && max >= 0],
  "!=": [(order) => order !== 0, () => true],
  "<": [(order) => order < 0, (min) => min < 0],
  "<=": [(order) => order <= 0, (min) => min <= 0],
  ">": [(order) => order > 0, (_, max) => max > 0],
  ">=": [(order) => order >= 0, (_, max) => max >= 0],
};

/** Parses conditions on columns, such as `score>0.5`. Any cell may contain the rest. */
function parseFilter(filter: string, names: readonly string[]): Filter {
  const conditions: { at: number; sign: string; value: string }[] = [];
  const text = filter.replaceAll(CONDITION, (all, name, sign, value) => {
    const at = names.indexOf(name);
    if (at >= 0) conditions.push({ at, sign, value });
    return at >= 0 ? "" : all;
  }).trim().toLowerCase();
  const order = (cell: Cell, value: string) => {
    if (typeof cell === "string" && DAY.test(cell) && /^\d{4}/.test(value)) {
      return cell < value ? -1 : Number(cell > value); // a year alone is not a number here
    }
    return compareCells(cell, cell instanceof Date ? new Date(value) : value);
  };
  return {
    matches: (row) =>
      conditions.every(({ at, sign, value }) =>
        !isEmpty(row[at]) && COMPARISONS[sign]![0](order(row[at]!, value))
      ) && (text === "" || row.some((cell) => cellText(cell).toLowerCase().includes(text))),
    mayMatch: (bounds) =>
      conditions.every(({ at, sign, value }) => {
        const known = bounds.get(names[at]!);
        return known === undefined ||
          COMPARISONS[sign]![1](order(known[0], value), order(known[1], value));
      }),
  };
}

/** Returns matching rows in the order of a column. */
export function chooseRows(rows: Rows, names: readonly string[], { filter, sort }: Wanted): Rows {
  const kept = filter === "" ? rows : rows.filter(parseFilter(filter, names).matches);
  return sort === undefined ? kept : [...kept].sort(rowComparison(sort));
}
