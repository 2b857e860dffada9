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
