// Cells of tables: as text, as numbers, in order.
import { invalid } from "../../../../core/errors.ts";
import { orderTo, type SortKey, sortKeyOf } from "../../../../core/text/comparing.ts";
import { isDecimal } from "../../../../core/text/decimals.ts";
import { instantOf } from "../../../../core/text/iso_time.ts";
import type { OtherColumn } from "../../../../formats/tables/parts.ts";
import type { Cell } from "../../../../formats/tables/table.ts";

/** Characters of a cell that are kept in memory. */
export const MAX_CELL = 200;
/** Cells of a copy, which is in memory for a moment. */
export const MAX_COPIED_CELLS = 2_000_000;

export function shortened(cell: Cell): Cell {
  // A slice keeps the whole string in memory; a joined copy does not.
  return typeof cell === "string" && cell.length > MAX_CELL
    ? `${[...cell.slice(0, MAX_CELL)].join("")}…`
    : cell;
}

/** True for a text that {@linkcode shortened} has cut. */
export function isCut(cell: Cell): boolean {
  return typeof cell === "string" && cell.length === MAX_CELL + 1 && cell.endsWith("…");
}

export function cellText(cell: Cell): string {
  if (cell === null) return "";
  return cell instanceof Date ? cell.toISOString() : String(cell);
}

/** Returns a cell as a number, if it is one or a decimal in text. Nothing else is guessed. */
export function numberOf(cell: Cell): number | undefined {
  const isNumber = typeof cell === "number" || typeof cell === "bigint" ||
    typeof cell === "string" && isDecimal(cell.trim());
  return isNumber ? Number(cell) : undefined;
}

/** Numbers that have no digits, as programs write them. */
const NAN = /^\s*[+-]?nan\s*$/i;
const INFINITY = /^\s*([+-]?)inf(?:inity)?\s*$/i;

/** Returns NaN and infinities in text as numbers, other cells as they are. */
export function numberWord(cell: Cell): Cell {
  if (typeof cell !== "string" || /\d/.test(cell)) return cell;
  const [, sign] = INFINITY.exec(cell) ?? [];
  if (sign !== undefined) return sign === "-" ? -Infinity : Infinity;
  return NAN.test(cell) ? NaN : cell;
}

const PERCENTAGE = /^([+-]?(?:\d+(?:\.\d*)?|\.\d+)) ?%$/;

/** Returns a percentage as the same number, exactly: `12.5e-2` of `12.5 %`. Other text stays. */
function fractionOf(text: string): string {
  return text.replace(PERCENTAGE, "$1e-2");
}

/** Returns the key by which a cell that is not empty is sorted: by value, also if it is text. */
export function keyOf(cell: Cell): SortKey {
  if (typeof cell !== "string") {
    return sortKeyOf(typeof cell === "boolean" || cell === null ? cellText(cell) : cell);
  }
  const key = sortKeyOf(fractionOf(cell.trim()));
  return key.kind === "text" ? { kind: "text", text: cell } : key;
}

/** Returns a function that compares cells that are not empty with a typed value, by value. */
export function cellOrderTo(typed: string): (cell: Cell) => number | undefined {
  if (instantOf(typed) === "invalid") {
    const hint = "Write a date or a time, as in 2026-03-01 or 2026-03-01T14:05:00Z.";
    throw invalid("filter rows by", JSON.stringify(typed), "there is no such date", { hint });
  }
  const order = orderTo(fractionOf(typed));
  const word = numberWord(typed);
  const orderOfNumbers = typeof word === "number" ? orderTo(String(word)) : order;
  return (cell) => {
    if (typeof cell === "number") return orderOfNumbers(cell);
    const value = typeof cell === "string"
      ? fractionOf(cell.trim())
      : typeof cell === "boolean"
      ? cellText(cell)
      : cell;
    if (value === null) return undefined;
    const number = order(value);
    return number ?? (value instanceof Date ? order(cellText(value)) : undefined); // with a year
  };
}

/** Returns a column that cannot be read, and why. */
export const otherText = ({ name, problem }: OtherColumn): string => `${name} (${problem})`;

/** True for a cell without a value. Text formats have no other sign for it than an empty cell. */
export function isMissing(cell: Cell | undefined): boolean {
  return cell === null || cell === undefined || Number.isNaN(cell);
}

export function isEmpty(cell: Cell | undefined): boolean {
  return isMissing(cell) || cell === "";
}
