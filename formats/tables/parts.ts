// Columns and row ranges of tables in files.
import { invalid } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import type { Column } from "./table.ts";
import { noColumn } from "./create_table.ts";
import { namesProblem } from "./list_columns.ts";
import { unsupportedTable } from "../content/file_faults.ts";

/** A column of a file that cannot be read, with the reason: `it is a decimal`. */
export interface OtherColumn {
  name: string;
  problem: string;
}

/**
 * Handling of times without a time zone: refuse them, read them as UTC, or read them and days as
 * strings without one, with all digits: `2026-01-02T03:04:05.678901`, `2026-01-02`.
 */
export type LocalTimes = "refuse" | "utc" | "text";

/**
 * Handling of UTC times in microseconds or nanoseconds: as dates, which refuses fractions of a
 * millisecond, or as strings with all digits: `2026-01-02T03:04:05.678901Z`.
 */
export type FineTimes = "refuse" | "text";

/**
 * Handling of unsigned integers of 64 bits: as `int64`, which refuses values from 2^63, or as strings
 * of digits.
 */
export type UnsignedIntegers = "refuse" | "text";

export const LOCAL_TIMES_PROBLEM =
  'it has times without a time zone; read them with localTimes: "text" or "utc"';

/**
 * Returns the columns with these names, or all.
 *
 * @throws {RegistryError} `NotFound` for an unknown name, `Unsupported` for a column that cannot be
 * read and for invalid or duplicate names, `Invalid` for an empty list
 */
export function chooseColumns<C extends { column: Column }>(
  path: string,
  all: readonly (C | OtherColumn)[],
  names?: readonly string[],
): C[] {
  if (names?.length === 0) {
    const hint = "Omit `columns` to read every column.";
    const subject = shown(path);
    throw invalid("read table", subject, "columns is empty", { hint });
  }
  const columns = names === undefined ? all : names.map((name) => {
    const match = all.find((column) => nameOf(column) === name);
    if (match !== undefined) return match;
    throw noColumn(name, all.map((column) => ({ name: nameOf(column) })));
  });
  for (const column of columns) {
    if (!("problem" in column)) continue;
    const hint = "Name the other columns, { columns: [...] }, or read it with another program.";
    throw unsupportedTable(path, `column ${shown(column.name)}: ${column.problem}`, hint);
  }
  const problem = namesProblem(columns.map(nameOf));
  if (problem !== undefined) throw unsupportedTable(path, problem);
  return columns as C[];
}

function nameOf(column: { column: Column } | OtherColumn): string {
  return "problem" in column ? column.name : column.column.name;
}

/** Throws `Invalid` for an invalid range of rows. */
export function checkRange(path: string, { from, to }: { from: number; to: number }): void {
  if (
    Number.isSafeInteger(from) && from >= 0 && to >= 0 &&
    (Number.isSafeInteger(to) || to === Infinity)
  ) return;
  const subject = `${from} to ${to} of ${shown(path)}`;
  throw invalid("read rows", subject, "row numbers must be non-negative integers");
}
