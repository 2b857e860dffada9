// Parts of tables that lie in files: some columns, some rows.
import { fault } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import type { Column } from "./table.ts";
import { noColumn } from "./create_table.ts";
import { namesProblem } from "./list_columns.ts";
import { unsupportedTable } from "./table_file.ts";

/** A column of a file that no table has, with the reason: `it is a decimal`. */
export interface OtherColumn {
  name: string;
  problem: string;
}

/** How times without a time zone are read: not at all, or as if they were UTC. */
export type LocalTimes = "refuse" | "utc";

export const LOCAL_TIMES_PROBLEM =
  'it has times without a time zone; localTimes: "utc" takes them for UTC';

/**
 * The columns of these names, or all, each of which can be read.
 *
 * @throws {RegistryError} `NotFound` for a name that no column has; `Unsupported` for a column that cannot be read, for
 * names that are there twice and for those that no column of a table has; `Invalid` for no names
 */
export function chooseColumns<C extends { column: Column }>(
  path: string,
  all: readonly (C | OtherColumn)[],
  names?: readonly string[],
): C[] {
  if (names?.length === 0) {
    throw fault({
      code: "Invalid",
      action: "read table",
      subject: shown(path),
      state: "no column is named",
      hint: "Leave columns out to read all of them.",
    });
  }
  const chosen = names === undefined ? all : names.map((name) => {
    const found = all.find((column) => nameOf(column) === name);
    if (found !== undefined) return found;
    throw noColumn(name, all.map((column) => ({ name: nameOf(column) })));
  });
  for (const column of chosen) {
    if (!("problem" in column)) continue;
    const hint = "Name the other columns, { columns: [...] }, or read it by another program.";
    throw unsupportedTable(path, `column ${shown(column.name)}: ${column.problem}`, hint);
  }
  const problem = namesProblem(chosen.map(nameOf));
  if (problem !== undefined) throw unsupportedTable(path, problem);
  return chosen as C[];
}

function nameOf(column: { column: Column } | OtherColumn): string {
  return "problem" in column ? column.name : column.column.name;
}

/** Throws `Invalid` for a range of rows that is none. */
export function checkRange(path: string, { from, to }: { from: number; to: number }): void {
  if (
    Number.isSafeInteger(from) && from >= 0 && to >= 0 &&
    (Number.isSafeInteger(to) || to === Infinity)
  ) return;
  throw fault({
    code: "Invalid",
    action: "read rows",
    subject: `${from} to ${to} of ${shown(path)}`,
    state: "they are no whole numbers from 0",
  });
}
