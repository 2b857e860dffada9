// Tables: named columns of one type each, and rows that are read one by one, so that a table need
// not fit into memory.
/** The JavaScript types of cells. */
export interface CellTypes {
  string: string;
  /** IEEE 754, 64 bits. */
  number: number;
  /** Signed, 64 bits. */
  int64: bigint;
  boolean: boolean;
  date: Date;
}

/** The type of a column. */
export type ColumnType = keyof CellTypes;

/** A column of a table. */
export interface Column {
  readonly name: string;
  readonly type: ColumnType;
  /** Allows null. @default false */
  readonly nullable?: boolean;
}

/** Column names and types; `?` allows null. JavaScript puts integer names such as `2024` first. */
export type Schema = Readonly<Record<string, ColumnType | `${ColumnType}?`>>;

/** Columns, short or in full. */
export type Columns = Schema | readonly Column[];

/** A cell of any type. */
export type Cell = CellTypes[ColumnType] | null;

/** A row: a plain object with a member for each column. */
export type Row = Record<string, Cell>;

/** The row type of a table with such columns. */
export type RowOf<C extends Columns> = C extends Schema ? { [N in keyof C]: CellOf<C[N]> } : Row;

/** The cell type of a column type, with or without `?`. */
export type CellOf<T> = T extends `${infer U extends ColumnType}?` ? CellTypes[U] | null
  : T extends ColumnType ? CellTypes[T]
  : never;

/** The numbers of a column. */
export type Numbers = Float64Array | BigInt64Array;

/** All cells of a nullable column of numbers. */
export interface NullableCells<A extends Numbers = Numbers> {
  /** The numbers; 0 for null. */
  readonly values: A;
  /** 1 for a number, 0 for null. */
  readonly valid: Uint8Array;
}

/** All cells of a column: numbers as typed arrays, with a mask if the column is nullable. */
export type CellsOf<T> = Cell extends T ? Numbers | NullableCells | Cell[]
  : [T] extends [number] ? Float64Array
  : [T] extends [bigint] ? BigInt64Array
  : [T] extends [number | null] ? NullableCells<Float64Array>
  : [T] extends [bigint | null] ? NullableCells<BigInt64Array>
  : T[];

/** Options of the methods of {@linkcode Table}. */
export interface TableOptions {
  signal?: AbortSignal;
}

/** A range of the rows of a table. */
export interface RowRange extends TableOptions {
  /** The columns to read. @default all */
  columns?: readonly string[];
  /** The first row, from 0. @default 0 */
  from?: number;
  /** The row behind the last one. @default the number of rows */
  to?: number;
}

/** The part of a table that formats need to write it. */
export type TableRows = Pick<Table<object>, "columns" | "rows">;

/** A table, in memory or read from a file on each call. */
export interface Table<R extends object = Row> {
  readonly columns: readonly Column[];
  /** Reads the rows, each time from the first. An invalid row throws when it is reached. */
  rows(options?: TableOptions): AsyncIterable<R>;
  /** Reads all cells of one column into memory. An unknown name is `NotFound`. */
  column<N extends keyof R & string>(name: N, options?: TableOptions): Promise<CellsOf<R[N]>>;
}

/** A table of a file that can be read in part. */
export interface RangeTable extends Table {
  /** Reads all rows or a range. Other rows and columns are skipped. */
  rows(options?: RowRange): AsyncIterable<Row>;
}
