// Normalized and validated columns of tables.
import { invalid } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import type { Column, Columns, ColumnType, Table } from "./table.ts";

/** Returns columns in full. Throws `Invalid` for an empty or duplicate name and an unknown type. */
export function listColumns(columns: Columns): readonly Column[] {
  const listed = Array.isArray(columns)
    ? columns as readonly Column[]
    : Object.entries(columns).map(fromShort);
  const problem = columnsProblem(listed);
  if (problem === undefined) {
    return listed.map(({ name, type, nullable = false }) => ({ name, type, nullable }));
  }
  throw invalid("use columns", undefined, problem, {
    hint: `Give each a unique name and a type (${[...TYPES].join(", ")}); "?" makes it nullable.`,
  });
}

function fromShort([name, short]: [string, string]): Column {
  const nullable = short.endsWith("?");
  return { name, type: (nullable ? short.slice(0, -1) : short) as ColumnType, nullable };
}

const TYPES: ReadonlySet<unknown> = new Set<ColumnType>(
  ["string", "number", "int64", "boolean", "date"],
);

function columnsProblem(columns: readonly Column[]): string | undefined {
  const wrong = columns.findIndex((column) => !TYPES.has(column?.type));
  if (wrong < 0) return namesProblem(columns.map(({ name }) => name));
  return `column ${wrong + 1} has unknown type ${shown(columns[wrong]?.type)}`;
}

/** Returns why names cannot be those of columns, or undefined. */
export function namesProblem(names: readonly unknown[]): string | undefined {
  const earlierNames = new Set<unknown>();
  for (const [index, name] of names.entries()) {
    if (typeof name !== "string" || name === "") return `column ${index + 1} has no name`;
    if (!name.isWellFormed()) return `the name ${shown(name)} has a lone surrogate`;
    if (earlierNames.has(name)) return `duplicate column ${shown(name)}`;
    earlierNames.add(name);
  }
}

/** Returns true for a {@linkcode Table} with valid columns. Its rows are not read. */
export function isTable(value: unknown): value is Table {
  if (typeof value !== "object" || value === null) return false;
  const { columns, rows, column } = value as Partial<Table>;
  return typeof rows === "function" && typeof column === "function" && Array.isArray(columns) &&
    columnsProblem(columns) === undefined;
}
