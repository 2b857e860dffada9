// Whether a row has what the columns of its table say.
import { fault } from "../../core/errors.ts";
import { described } from "../../core/text/described.ts";
import { shown } from "../../core/naming/names.ts";
import type { Column, Row } from "./table.ts";

/** Throws where a row has other members than the columns, or a cell of another type. */
export function checkRow(columns: readonly Column[], row: unknown, number: number): void {
  const problem = rowProblem(columns, row);
  if (problem === undefined) return;
  throw fault({
    code: "Invalid",
    action: "use row",
    subject: `${number} of a table`,
    state: problem,
    hint: "A row is a plain object with a cell for each column, of its type; nothing is cast.",
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
  return `it has ${
    shown(String(Reflect.ownKeys(row).find((key) => !names.has(key))))
  }, which is no column`;
}

const TYPEOF = { int64: "bigint", string: "string", number: "number", boolean: "boolean" };

function cellProblem({ type, nullable }: Column, cell: unknown): string | undefined {
  if (cell === null) return nullable ? undefined : "is null, which it may not be";
  const given = typeof cell;
  const isOfType = type === "date" ? cell instanceof Date : given === TYPEOF[type];
  if (!isOfType) return `is ${described(cell)}, and the column is of type ${type}`;
  if (typeof cell === "bigint" && BigInt.asIntN(64, cell) !== cell) return "has more than 64 bits";
  if (cell instanceof Date && Number.isNaN(cell.getTime())) return "is no valid date";
  if (typeof cell === "string" && !cell.isWellFormed()) return "has a lone surrogate";
}
