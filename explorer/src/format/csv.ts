// Rows as CSV (RFC 4180).
import { createRowWriter } from "../../../formats/csv/read_cell.ts";

/** Returns rows below their titles as CSV (RFC 4180), with all digits of numbers. */
export function csvOf(titles: readonly string[], rows: readonly (readonly unknown[])[]): string {
  const { texts } = createRowWriter(",");
  return [titles, ...rows].map((row) => texts(row.map(plainText))).join("");
}

function plainText(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (value instanceof Date) return value.toISOString();
  if (typeof value === "object") return JSON.stringify(value);
  return Object.is(value, -0) ? "-0" : String(value);
}

/** Returns how many cells and titles spreadsheets would take for formulas, which can run programs. */
export function countFormulas(rows: readonly (readonly unknown[])[]): number {
  const isFormula = (cell: unknown) =>
    typeof cell === "string" && /^[=+\-@\t\r]./s.test(cell) && Number.isNaN(Number(cell));
  return rows.reduce((sum, row) => sum + row.filter(isFormula).length, 0);
}
