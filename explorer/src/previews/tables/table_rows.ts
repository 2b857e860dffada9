// Rows of a table in its worker: all are read once, in parts, and only some are kept in memory.
import type { Cell } from "../../../../formats/tables/table.ts";
import { compareKeys, type SortKey } from "../../../../core/text/comparing.ts";
import { isEmpty, isMissing, keyOf, MAX_CELL, shortened } from "./cells.ts";
import { type ColumnStatistics, Tally } from "./column_statistics.ts";
import type { TablePart, TableReader } from "./table_reader.ts";
import { checkReadable, parseFilter, type RowFilter } from "./row_filter.ts";

/** Rows, cells and characters that are kept in memory. */
const MAX_ROWS = 20_000;
const MAX_CELLS = 1_000_000;
const MAX_CHARACTERS = 16 * 1024 * 1024;
/** Milliseconds of work after which the worker may answer other questions. */
const SLICE_MS = 50;

export type Rows = readonly (readonly Cell[])[];

export interface Wanted {
  readonly filter: string;
  readonly sort?: { readonly column: number; readonly isDown: boolean };
  /** Reads this many rows at most. */
  readonly sample?: number;
}

/** Returns true if all rows are wanted as they are in the file. */
export function isPlain({ filter, sort }: Wanted): boolean {
  return filter === "" && sort === undefined;
}

export interface Found {
  readonly matched: number;
  /** Rows of a filter or an order that are kept, as far as memory allows. */
  readonly kept: number;
  readonly read: number;
  /** False if reading was stopped, or a later row cannot be read. */
  readonly isEnd: boolean;
  /** Why a later row cannot be read: it is damaged or too long. */
  readonly problem?: string;
  /** Of all rows that were read, without a filter and an order. */
  readonly statistics: readonly ColumnStatistics[];
}

export interface FindOptions {
  readonly signal?: AbortSignal;
  /** Cells of rows that are kept. @default {@linkcode MAX_CELLS} */
  readonly mostCells?: number;
  /** Ends the search with what is found if it returns true. */
  readonly isEnough?: () => boolean;
  readonly onProgress?: (read: number, progress?: number) => void;
}

interface KeptPage {
  readonly rows: Rows;
  /** The row numbers. */
  readonly places: readonly number[];
}

/** Reads all rows of some columns. Of those that match, the first in the order are kept. */
export async function findRows(
  source: TableReader,
  columns: readonly number[],
  wanted: Wanted,
  { signal, mostCells = MAX_CELLS, isEnough, onProgress }: FindOptions = {},
): Promise<Found & KeptPage> {
  const isNone = source.hasNull ? isMissing : isEmpty;
  const rowsToShow = new KeptRows(mostCells / Math.max(1, columns.length), {
    sort: wanted.sort,
    isNone,
  });
  const { sample = Infinity } = wanted;
  const tallies = isPlain(wanted)
    ? columns.map((i) => new Tally(source.columns[i]!.type, isNone))
    : [];
  checkReadable(wanted.filter, source.others);
  const filter = parseFilter(wanted.filter, columns.map((i) => source.columns[i]!), isNone);
  let [read, matched, begun] = [0, 0, Date.now()];
  const result = (isEnd: boolean, problem?: string) => {
    const statistics = tallies.map((tally) => tally.statistics());
    const { rows, places } = rowsToShow.end();
    return { rows, places, kept: rows.length, matched, read, isEnd, statistics, problem };
  };
  try {
    for await (const { rows, progress, from } of partsOf(source, columns, filter, signal)) {
      const used = rows.slice(0, sample - read);
      used.forEach((row, i) => {
        tallies.forEach((tally, i) => tally.add(row[i]));
        if (tallies.length > 0 || !filter.matches(row)) return;
        matched++;
        rowsToShow.add(row, from + i);
      });
      read += used.length;
      if (used.length < rows.length) return result(false);
      if (Date.now() - begun > SLICE_MS) {
        onProgress?.(read, progress);
        await new Promise((resolve) => setTimeout(resolve)); // other questions come first
        begun = Date.now();
      }
      signal?.throwIfAborted();
      if (isEnough?.()) return result(false);
    }
  } catch (error) {
    if (read === 0 || signal?.aborted) throw error;
    return result(false, (error as Error).message);
  }
  return result(true);
}

/** Reads the groups of rows that may match, as far as the bounds of their columns tell. */
async function* partsOf(
  source: TableReader,
  columns: readonly number[],
  filter: RowFilter,
  signal?: AbortSignal,
): AsyncGenerator<TablePart & { from: number }> {
  const groups = source.groups?.filter(({ bounds }) => filter.mayMatch(bounds));
  const isAll = groups === undefined || groups.length === source.groups!.length;
  for (const group of isAll ? [undefined] : groups) {
    let from = group?.from ?? 0;
    for await (const part of source.parts(columns, signal, group)) {
      yield { ...part, from };
      from += part.rows.length;
    }
  }
}

interface KeptRow {
  readonly row: readonly Cell[];
  /** The row number. */
  readonly place: number;
  /** Absent without an order, or without a value. */
  readonly key?: SortKey;
}

/** Rows within the limits: the first, or the first in an order. Empty cells come last. */
class KeptRows {
  readonly #most: number;
  readonly #sort: Wanted["sort"];
  readonly #isNone: typeof isEmpty;
  #rows: KeptRow[] = [];
  #characters = 0;
  /** The last row in the order that is kept, if others were left out. */
  #last?: KeptRow;

  constructor(most: number, { sort, isNone }: { sort: Wanted["sort"]; isNone: typeof isEmpty }) {
    this.#most = Math.max(1, Math.min(MAX_ROWS, Math.floor(most)));
    this.#sort = sort;
    this.#isNone = isNone;
  }

  add(row: readonly Cell[], place: number): void {
    const isSorted = this.#sort !== undefined;
    const isFull = this.#rows.length >= this.#most * (isSorted ? 2 : 1) ||
      this.#characters > MAX_CHARACTERS;
    if (isFull && !isSorted) return;
    const cell = this.#sort ? row[this.#sort.column] ?? null : null;
    const key = this.#isNone(cell) ? undefined : keyOf(cell);
    if (this.#last && this.#compare({ key }, this.#last) >= 0) return;
    if (isFull) this.#cut();
    this.#rows.push({ row: row.map(shortened), place, key });
    this.#characters += charactersOf(row);
  }

  end(): KeptPage {
    if (this.#sort !== undefined) this.#cut();
    return {
      rows: this.#rows.map(({ row }) => row),
      places: this.#rows.map(({ place }) => place),
    };
  }

  #compare(a: Pick<KeptRow, "key">, b: Pick<KeptRow, "key">): number {
    if (!a.key || !b.key) return Number(!a.key) - Number(!b.key);
    return (this.#sort?.isDown ? -1 : 1) * compareKeys(a.key, b.key);
  }

  #cut(): void {
    this.#rows.sort((a, b) => this.#compare(a, b));
    this.#rows.length = Math.min(this.#rows.length, this.#most);
    const count = () => this.#rows.reduce((sum, { row }) => sum + charactersOf(row), 0);
    while ((this.#characters = count()) > MAX_CHARACTERS / 2 && this.#rows.length > 1) {
      this.#rows.length = this.#rows.length >> 1;
    }
    this.#last = this.#rows.at(-1);
  }
}

function charactersOf(row: readonly Cell[]): number {
  return row.reduce<number>(
    (sum, cell) => sum + (typeof cell === "string" ? Math.min(cell.length, MAX_CELL) : 8),
    0,
  );
}
