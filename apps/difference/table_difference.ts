// The rows that differ in a table file of two versions.
import { bytesStream } from "../../core/bytes/bytes.ts";
import { invalid } from "../../core/errors.ts";
import { itemAt } from "../../core/faults/present.ts";
import type { Cell } from "../../formats/csv.ts";
import { type ComparedTable, compareRows, findKeys, type RowDifference } from "./compare_rows.ts";
import { openTable } from "./open_table.ts";

export { delimiterOf } from "./open_table.ts";

export interface TableDifference extends RowDifference {
  /** The column by which rows match. Absent if they match by content. */
  key?: string;
}

/** A file of one version. */
interface TableFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

const TABLE = /\.(csv|tsv|parquet)$/i;
const PART_ROWS = 500;

/** True for a file that may be a table, by its extension. */
export function isTable(path: string): boolean {
  return TABLE.test(path);
}

/** Compares the rows of two files by {@linkcode compareTables}. */
export async function compareTableFiles(
  before: TableFile,
  after: TableFile,
): Promise<TableDifference> {
  return await compareTables(await comparedTable(before), await comparedTable(after));
}

/** Compares the rows of two tables: by the first column that is unique in both, else by content. */
export async function compareTables(
  left: ComparedTable,
  right: ComparedTable,
  signal?: AbortSignal,
): Promise<TableDifference> {
  const [key] = await findKeys(left, right, signal);
  const byKey = key === undefined ? undefined : await compareRows(left, right, { key, signal });
  if (byKey !== undefined) return { key, ...byKey };
  return (await compareRows(left, right, { signal }))!; // only a key can have a value twice
}

async function comparedTable({ path, bytes }: TableFile): Promise<ComparedTable> {
  const table = await openTable({
    path,
    size: bytes.byteLength,
    bytes: () => Promise.resolve(bytes),
    stream: ({ offset, length = Infinity } = { offset: 0 }) =>
      bytesStream(bytes.subarray(offset, offset + length)),
  });
  if (table === undefined) throw invalid("compare", JSON.stringify(path), "not a table");
  const { columns } = table, hasNull = /\.parquet$/i.test(path);
  return toCompare({ columns, hasNull, rows: () => table.rows() });
}

/** Returns a table to compare. Its rows are read anew for each pass. */
export function toCompare(
  { columns, hasNull, rows }: Pick<ComparedTable, "columns" | "hasNull"> & {
    rows(): AsyncIterable<Readonly<Record<string, Cell>>>;
  },
): ComparedTable {
  return {
    columns,
    hasNull,
    async *parts(chosen) {
      const names = chosen.map((i) => itemAt(columns, i).name);
      let part: Cell[][] = [];
      for await (const row of rows()) {
        part.push(names.map((name) => row[name] ?? null));
        if (part.length < PART_ROWS) continue;
        yield { rows: part };
        part = [];
      }
      yield { rows: part };
    },
  };
}
