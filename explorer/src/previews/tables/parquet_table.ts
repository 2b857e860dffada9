// Parquet, loaded with the first table that needs it.
import type { FileToDecode } from "../../../../core/file_store.ts";
import {
  columnsOf,
  type FileColumn,
  PHYSICAL,
  toDigits,
} from "../../../../formats/parquet/columns.ts";
import { readFooter, type RowGroup } from "../../../../formats/parquet/footer.ts";
import { readGroups } from "../../../../formats/parquet/read_groups.ts";
import { batchTable } from "../../../../formats/tables/batch_table.ts";
import { chooseColumns } from "../../../../formats/tables/parts.ts";
import type { Cell } from "../../../../formats/tables/table.ts";
import { shortNumber } from "../../format/short_number.ts";

/** The smallest and the largest cell. */
export type Bounds = readonly [Cell, Cell];

/** Rows that are stored together. */
export interface Group {
  readonly from: number;
  readonly to: number;
  /** Returns those of a column, if they are known. */
  bounds(name: string): Bounds | undefined;
}

/** Opens the columns that can be read. The others are listed with the reason. */
export async function openParquetTable(file: FileToDecode, signal?: AbortSignal) {
  const { path } = file;
  const { schema, groups: stored, rows: rowCount } = await readFooter(file, { signal });
  const all = columnsOf(path, schema, {
    localTimes: "text",
    fineTimes: "text",
    unsignedIntegers: "text",
  });
  const known = all.flatMap((each) => "problem" in each ? [] : withShortNumbers(each));
  const others = all.flatMap((each) => "problem" in each ? [each] : []);
  const columns = chooseColumns(path, known);
  const table = batchTable({
    path,
    columns,
    read: (wanted, range) => readGroups(file, stored, { ...range, columns: wanted }),
  });
  let to = 0;
  const groups = stored.map((group): Group => ({
    from: to,
    to: to += group.rows,
    bounds: (name) => boundsOf(known.find(({ column }) => column.name === name)!, group),
  }));
  const shown = columns.map((each) => ({ name: each.column.name, type: shownType(each) }));
  return { table, rowCount, columns: shown, others, groups };
}

/** Reads numbers of 32 bits with the fewest digits that identify them, as pandas does: 0.1. */
function withShortNumbers(column: FileColumn): FileColumn {
  if (column.type !== PHYSICAL.float) return column;
  const toCells: FileColumn["toCells"] = (values) =>
    Float64Array.from(values as Float32Array, (value) => shortNumber(value, 32));
  return { ...column, toCells };
}

/** Returns the type that the page shows, also of times and integers that are read as strings. */
function shownType({ type, column, toCells }: FileColumn): string {
  if (toCells === toDigits) return "int64";
  return column.type === "string" && type !== PHYSICAL.bytes ? "date" : column.type;
}

const ARRAYS: Readonly<Record<number, typeof Int32Array | typeof BigInt64Array | undefined>> = {
  [PHYSICAL.int32]: Int32Array,
  [PHYSICAL.int64]: BigInt64Array,
  [PHYSICAL.float]: Float32Array as unknown as typeof Int32Array,
  [PHYSICAL.double]: Float64Array as unknown as typeof Int32Array,
};

function boundsOf({ type, leaf, toCells }: FileColumn, group: RowGroup): Bounds | undefined {
  const bounds = group.columns[leaf]?.bounds;
  const array = ARRAYS[type];
  if (!bounds?.every((bytes) => bytes.byteLength === array?.BYTES_PER_ELEMENT)) return undefined;
  try {
    const [min, max] = bounds.map((bytes) => toCells(new array!(bytes.slice().buffer))[0]!);
    const isOrdered = [min, max].every((cell) => typeof cell !== "string" || /^\d/.test(cell));
    return isOrdered && min === min && max === max ? [min!, max!] : undefined; // not NaN
  } catch {
    return undefined; // parts of a millisecond
  }
}
