// The schema that a Parquet file begins with.
import type { Column } from "../../core/table.ts";

/** The elements of the schema for each type of column. */
const TYPES = {
  string: { type: "BYTE_ARRAY", converted_type: "UTF8", logical_type: { type: "STRING" } },
  number: { type: "DOUBLE" },
  int64: { type: "INT64" },
  boolean: { type: "BOOLEAN" },
  date: {
    type: "INT64",
    converted_type: "TIMESTAMP_MILLIS",
    logical_type: { type: "TIMESTAMP", isAdjustedToUTC: true, unit: "MILLIS" },
  },
} as const;

/** The elements of the schema of a table. */
export function schemaOf(columns: readonly Column[]) {
  return [{ name: "schema", num_children: columns.length }, ...columns.map(elementOf)];
}

function elementOf({ name, type, nullable }: Column) {
  return { name, ...TYPES[type], repetition_type: nullable ? "OPTIONAL" : "REQUIRED" } as const;
}
