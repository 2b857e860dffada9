// Cells of tables: as text, as numbers, in order.
import type { Cell } from "../../../../formats/tables/table.ts";

/** Characters of a cell that are kept in memory. */
export const MAX_CELL = 200;

export function shortened(cell: Cell): Cell {
  // A slice keeps the whole string in memory; a joined copy does not.
  return typeof cell === "string" && cell.length > MAX_CELL
    ? `${[...cell.slice(0, MAX_CELL)].join("")}…`
    : cell;
}

export function cellText(cell: Cell): string {
  if (cell === null) return "";
  return cell instanceof Date ? cell.toISOString() : String(cell);
}

/** Returns a cell as a number, if it is one or a string that is. Nothing else is guessed. */
export function numberOf(cell: Cell): number | undefined {
  if (typeof cell === "number") return cell;
  if (typeof cell === "bigint") return Number(cell);
  if (typeof cell !== "string" || !/^\s*[+-]?(\d|\.\d)/.test(cell)) return undefined;
  const number = Number(cell);
  return Number.isNaN(number) ? undefined : number;
}

/** Returns true for integers with more digits than a number may have. */
const isLong = (cell: Cell): cell is string | bigint =>
  typeof cell !== "number" && /^\s*-?\d{16,}\s*$/.test(`${cell}`);

/** Compares cells that are not empty: numbers, which come first, as numbers. */
export function compareCells(a: Cell, b: Cell): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  if (a instanceof Date && b instanceof Date) return a.getTime() - b.getTime();
  const [one, other] = [numberOf(a), numberOf(b)];
  if (one !== undefined && other !== undefined) {
    return one - other || (isLong(a) && isLong(b) ? Number(BigInt(a) - BigInt(b)) : 0);
  }
  if (one !== undefined || other !== undefined) return one === undefined ? 1 : -1;
  const [left, right] = [cellText(a), cellText(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}

/** NaN is a missing number. */
export function isEmpty(cell: Cell | undefined): boolean {
  return cell === null || cell === undefined || cell === "" || Number.isNaN(cell);
}
