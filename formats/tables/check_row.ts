// Checks that rows match the columns of their table.
import { invalid } from "../../core/errors.ts";
import { described } from "../../core/text/described.ts";
import { shown } from "../../core/naming/names.ts";
import type { Column, Row } from "./table.ts";

/** Throws `Invalid` for a row with missing or unknown members, or a cell of another type. */
export function checkRow(columns: readonly Column[], row: unknown, number: number): void {
  const problem = rowProblem(columns, row);
  if (problem === undefined) return;
  throw invalid("use row", `${number} of a table`, problem, {
    hint: "Pass a plain object with a cell of the right type for each column; nothing is cast.",
  });
}

function rowProblem(columns: readonly Column[], row: unknown): string | undefined {
  if (typeof row !== "object" || row === null) return `it is ${described(row)}`;
  for (const column of columns) {
    if (!Object.hasOwn(row, column.name)) return `it has no ${shown(column.name)}`;
    const problem = cellProblem(column, (row as Row)[column.name]);
    if (problem !== undefined) return `its ${shown(column.name)} ${problem}`;
  }
  if (Reflect.ownKeys(row).length === columns.length) return undefined;
  const names = new Set<unknown>(columns.map(({ name }) => name));
  const unknownKey = Reflect.ownKeys(row).find((key) => !names.has(key));
  return `unknown column ${shown(String(unknownKey))}`;
}

const TYPEOF = { int64: "bigint", string: "string", number: "number", boolean: "boolean" };

function cellProblem({ type, nullable }: Column, cell: unknown): string | undefined {
  if (cell === null) return nullable ? undefined : "is null, the column is not nullable";
  const cellType = typeof cell;
  const isOfType = type === "date" ? cell instanceof Date : cellType === TYPEOF[type];
  if (!isOfType) return `is ${described(cell)}, the column has type ${type}`;
  if (typeof cell === "bigint" && BigInt.asIntN(64, cell) !== cell) return "exceeds 64 bits";
  if (cell instanceof Date && Number.isNaN(cell.getTime())) return "is an invalid date";
  if (typeof cell === "string" && !cell.isWellFormed()) return "has a lone surrogate";
}
