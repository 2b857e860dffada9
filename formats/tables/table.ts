// Tables: named columns of one type each, and rows that come one after the other, so that none has
// to fit into memory.
/** What the cells of a column of each type are. */
export interface CellTypes {
  string: string;
  /** A number of 64 bits (IEEE 754). */
  number: number;
  /** A whole number of 64 bits, signed. */
  int64: bigint;
  boolean: boolean;
  date: Date;
}

/** The types of columns. */
export type ColumnType = keyof CellTypes;

/** A column of a table. */
export interface Column {
  readonly name: string;
  readonly type: ColumnType;
  /** Whether a cell may be null. @default false */
  readonly nullable?: boolean;
}

/** Names of columns and their types; one with `?` may be null. JavaScript puts names like `2024` first. */
export type Schema = Readonly<Record<string, ColumnType | `${ColumnType}?`>>;

/** Columns, short or in full. */
export type Columns = Schema | readonly Column[];

/** A cell. */
export type Cell = CellTypes[ColumnType] | null;

/** A row: a plain object with a member for each column. */
export type Row = Record<string, Cell>;

/** The rows of a table with such columns. */
export type RowOf<C extends Columns> = C extends Schema ? { [N in keyof C]: CellOf<C[N]> } : Row;

/** What a column of such a type, with `?` or without, has as cells. */
export type CellOf<T> = T extends `${infer U extends ColumnType}?` ? CellTypes[U] | null
  : T extends ColumnType ? CellTypes[T]
  : never;

/** Numbers of a column. */
export type Numbers = Float64Array | BigInt64Array;

/** All cells of a column of numbers that may be null. */
export interface NullableCells<A extends Numbers = Numbers> {
  /** The numbers; 0 where the cell is null. */
  readonly values: A;
  /** 1 where there is a number, 0 where the cell is null. */
  readonly valid: Uint8Array;
}

/** All cells of a column: numbers as typed arrays, with a mask where they may be null. */
export type CellsOf<T> = Cell extends T ? Numbers | NullableCells | Cell[]
  : [T] extends [number] ? Float64Array
  : [T] extends [bigint] ? BigInt64Array
  : [T] extends [number | null] ? NullableCells<Float64Array>
  : [T] extends [bigint | null] ? NullableCells<BigInt64Array>
  : T[];

/** Options of the members of a {@linkcode Table}. */
export interface TableOptions {
  signal?: AbortSignal;
}

/** A part of the rows of a table. */
export interface RowRange extends TableOptions {
  /** The columns that rows have; others are not read. @default those of the table */
  columns?: readonly string[];
  /** The first row, from 0. @default 0 */
  from?: number;
  /** The row before which it ends. @default behind the last */
  to?: number;
}

/** What a format needs of a table to write it. */
export type TableRows = Pick<Table<object>, "columns" | "rows">;

/** A table. It may be in memory, or be read from a file whenever its rows are asked for. */
export interface Table<R extends object = Row> {
  readonly columns: readonly Column[];
  /** The rows, each time from the first. What is wrong with one is thrown where it would stand. */
  rows(options?: TableOptions): AsyncIterable<R>;
  /** All cells of one column, in memory. A name that no column has is `NotFound`. */
  column<N extends keyof R & string>(name: N, options?: TableOptions): Promise<CellsOf<R[N]>>;
}

/** A table of a file, of which some rows and columns can be read. */
export interface RangeTable extends Table {
  /** All rows, or some; what has none of them is passed over, and so are columns that are not wanted. */
  rows(options?: RowRange): AsyncIterable<Row>;
}
