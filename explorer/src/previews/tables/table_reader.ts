// Tables that are read page by page.
import type { OtherColumn } from "../../../../formats/tables/parts.ts";
import type { Cell } from "../../../../formats/tables/table.ts";

/** The smallest and the largest cell. */
export type Bounds = readonly [Cell, Cell];

/** Rows that are stored together. */
export interface Group {
  readonly from: number;
  readonly to: number;
  /** Returns those of a column, if they are known. */
  bounds(name: string): Bounds | undefined;
}

export interface TablePage {
  rows: readonly (readonly Cell[])[];
  /** The row numbers, unless the rows follow each other. */
  places?: readonly number[];
  /** True if no rows follow. */
  isEnd: boolean;
}

/** Rows that follow each other. */
export interface TablePart {
  rows: readonly (readonly Cell[])[];
  /** How much of the table is read, up to 1; absent if unknown. */
  progress?: number;
}

export interface TableFacts {
  readonly columns: readonly { name: string; type: string }[];
  /** Present if the table has more than `columns`. */
  readonly columnCount?: number;
  /** Absent if only reading all of it tells. */
  readonly rowCount?: number;
  /** Columns that are not shown. */
  readonly others: readonly OtherColumn[];
  /** True if cells can be null: an empty string is a value then. */
  readonly hasNull?: boolean;
  /** True if the file has more rows than are read. */
  readonly isPart?: boolean;
  /** A sentence about what is left out. */
  readonly note?: string;
}

/** A table that is read page by page. */
export interface TableReader extends TableFacts {
  /** Absent if there is one, with unknown bounds. */
  readonly groups?: readonly Group[];
  /** Reads all rows of some columns, or a range, a part at a time. */
  parts(
    columns: readonly number[],
    signal?: AbortSignal,
    range?: Pick<Group, "from" | "to">,
  ): AsyncIterable<TablePart>;
  /** Reads rows, of some columns by number. */
  page(range: PageRange, signal?: AbortSignal): Promise<TablePage>;
  /** Reads the bytes of an image or of audio, if the table has them. */
  media?(column: number, row: number): Promise<Uint8Array | undefined>;
}

export interface PageRange {
  from: number;
  count: number;
  columns?: readonly number[];
}
