// The rows that differ in a table file of two versions.
import { bytesStream } from "../../core/bytes/bytes.ts";
import { createFormats } from "../../formats/mod.ts";
import type { Table } from "../../formats/csv.ts";
import { type ComparedTable, compareRows, findKeys, type RowDifference } from "./compare_rows.ts";

export interface TableDifference extends RowDifference {
  /** The column by which rows match. Absent if they match by content. */
  key?: string;
}

/** A file of one version. */
export interface TableFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

const TABLE = /\.(csv|tsv|parquet)$/i;
const PART_ROWS = 500;

/** True for a file that may be a table, by its extension. */
export function isTable(path: string): boolean {
  return TABLE.test(path);
}

/** Compares the rows of two tables: by the first column that is unique in both, else by content. */
export async function compareTables(
  before: TableFile,
  after: TableFile,
): Promise<TableDifference> {
  const [left, right] = [await openTable(before), await openTable(after)];
  const [key] = await findKeys(left, right);
  const byKey = key === undefined ? undefined : await compareRows(left, right, { key });
  if (byKey !== undefined) return { key, ...byKey };
  return (await compareRows(left, right))!; // only a key can have a value twice
}

async function openTable({ path, bytes }: TableFile): Promise<ComparedTable> {
  const formats = createFormats();
  const isParquet = /\.parquet$/i.test(path);
  const format =
    await (isParquet ? formats.get("parquet", { localTimes: "text" }) : formats.forPath(path));
  const table = await format!.decode({
    path,
    size: bytes.byteLength,
    bytes: () => Promise.resolve(bytes),
    stream: ({ offset, length = Infinity } = { offset: 0 }) =>
      bytesStream(bytes.subarray(offset, offset + length)),
  }) as Table;
  return {
    columns: table.columns,
    hasNull: isParquet,
    async *parts(chosen) {
      const names = chosen.map((i) => table.columns[i]!.name);
      let rows = [];
      for await (const row of table.rows()) {
        rows.push(names.map((name) => row[name] ?? null));
        if (rows.length < PART_ROWS) continue;
        yield { rows };
        rows = [];
      }
      yield { rows };
    },
  };
}
