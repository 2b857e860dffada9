// Columns of tables, in full and as they may be.
import { fault } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import type { Column, Columns, ColumnType, Table } from "./table.ts";

/** Columns in full. Throws `Invalid` for a name that is empty or there twice, and for a type that there is not. */
export function listColumns(columns: Columns): readonly Column[] {
  const listed = Array.isArray(columns)
    ? columns as readonly Column[]
    : Object.entries(columns).map(fromShort);
  const problem = columnsProblem(listed);
  if (problem === undefined) {
    return listed.map(({ name, type, nullable = false }) => ({ name, type, nullable }));
  }
  throw fault({
    code: "Invalid",
    action: "use these columns",
    state: problem,
    hint: `Each has a name of its own and a type: ${
      [...TYPES].join(", ")
    }; with "?" it may be null.`,
  });
}

function fromShort([name, short]: [string, string]): Column {
  const nullable = short.endsWith("?");
  return { name, type: (nullable ? short.slice(0, -1) : short) as ColumnType, nullable };
}

const TYPES: ReadonlySet<unknown> = new Set<ColumnType>([
  "string",
  "number",
  "int64",
  "boolean",
  "date",
]);

function columnsProblem(columns: readonly Column[]): string | undefined {
  const wrong = columns.findIndex((column) => !TYPES.has(column?.type));
  if (wrong < 0) return namesProblem(columns.map(({ name }) => name));
  return `column ${wrong + 1} is of type ${shown(columns[wrong]?.type)}, which there is not`;
}

/** What keeps names from being those of columns. */
export function namesProblem(names: readonly unknown[]): string | undefined {
  const seen = new Set<unknown>();
  for (const [index, name] of names.entries()) {
    if (typeof name !== "string" || name === "") return `column ${index + 1} has no name`;
    if (!name.isWellFormed()) return `the name ${shown(name)} has a lone surrogate`;
    if (seen.has(name)) return `the name ${shown(name)} is there twice`;
    seen.add(name);
  }
}

/** True for what has the members of a {@linkcode Table}, and columns that may be. Its rows are not looked at. */
export function isTable(value: unknown): value is Table {
  if (typeof value !== "object" || value === null) return false;
  const { columns, rows, column } = value as Partial<Table>;
  return typeof rows === "function" && typeof column === "function" && Array.isArray(columns) &&
    columnsProblem(columns) === undefined;
}
