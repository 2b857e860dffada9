// The cells of one column, as typed arrays where they are numbers.
import type { Cell, CellsOf, Column, NullableCells, Numbers, Row } from "./table.ts";

export type Cells = CellsOf<Cell>;

export function packCells({ type, nullable }: Column, cells: Cell[]): Cells {
  if (type !== "number" && type !== "int64") return cells;
  const values = type === "number"
    ? Float64Array.from(cells as number[], (cell) => cell ?? 0)
    : BigInt64Array.from(cells as bigint[], (cell) => cell ?? 0n);
  if (!nullable) return values;
  return { values, valid: Uint8Array.from(cells, (cell) => cell === null ? 0 : 1) };
}

/** Puts `present` cells where the mask is 1, null where it is 0. */
export function spreadCells(valid: Uint8Array, present: Numbers | readonly Cell[]): Cells {
  let next = 0;
  if (Array.isArray(present)) {
    return Array.from(valid, (isThere) => isThere === 1 ? present[next++] : null);
  }
  if (present.length === valid.length) return { values: present as Numbers, valid };
  const values = emptyLike(present as Numbers, valid.length);
  for (let i = 0; i < valid.length; i++) if (valid[i] === 1) values[i] = present[next++] as never;
  return { values, valid };
}

/** Copies cells whose numbers may be part of a page. */
export function copyCells(cells: Cells): Cells {
  if (Array.isArray(cells)) return cells;
  if (ArrayBuffer.isView(cells)) return cells.slice();
  const { values, valid } = cells as NullableCells;
  return { values: values.slice(), valid };
}

function cellAt(cells: Cells, index: number): Cell {
  return "valid" in cells ? cells.valid[index] === 1 ? cells.values[index]! : null : cells[index]!;
}

export function rowOf(columns: readonly Column[], cells: readonly Cells[], index: number): Row {
  const row: Row = {};
  for (let i = 0; i < columns.length; i++) setCell(row, columns[i]!.name, cellAt(cells[i]!, index));
  return row;
}

/** Sets a cell of a row, even in a column named `__proto__`. */
export function setCell(row: Row, name: string, value: Cell): void {
  if (name !== "__proto__") row[name] = value;
  else {
    const property = { value, writable: true, enumerable: true, configurable: true };
    Object.defineProperty(row, name, property);
  }
}

export async function joinCells(column: Column, pieces: AsyncIterable<Cells>): Promise<Cells> {
  const cells: Cell[] = [];
  const values: Numbers[] = [];
  const masks: Uint8Array[] = [];
  for await (const piece of pieces) {
    if (Array.isArray(piece)) { for (const cell of piece) cells.push(cell); }
    else if ("valid" in piece) {
      values.push(piece.values);
      masks.push(piece.valid);
    } else values.push(piece as Numbers);
  }
  if (column.type !== "number" && column.type !== "int64") return cells;
  const joined = joinNumbers(
    values,
    column.type === "number" ? new Float64Array() : new BigInt64Array(),
  );
  return column.nullable ? { values: joined, valid: joinNumbers(masks, new Uint8Array()) } : joined;
}

function joinNumbers<A extends Numbers | Uint8Array>(pieces: readonly A[], empty: A): A {
  const whole = emptyLike(empty, pieces.reduce((length, piece) => length + piece.length, 0));
  let offset = 0;
  for (const piece of pieces) {
    whole.set(piece as never, offset);
    offset += piece.length;
  }
  return whole;
}

function emptyLike<A extends Numbers | Uint8Array>(array: A, length: number): A {
  return new (array.constructor as new (length: number) => A)(length);
}
