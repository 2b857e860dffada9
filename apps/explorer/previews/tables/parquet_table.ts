// Parquet, loaded with the first table that needs it.
import type { FileToDecode } from "../../../../core/file_store.ts";
import { columnsOf, type FileColumn, PHYSICAL } from "../../../../formats/parquet/columns.ts";
import { readFooter, type RowGroup } from "../../../../formats/parquet/footer.ts";
import type { Cell } from "../../../../formats/tables/table.ts";

export { openParquet } from "../../../../formats/parquet.ts";

/** The smallest and the largest cell. */
export type Bounds = readonly [Cell, Cell];

/** Rows that are stored together. */
export interface Group {
  readonly from: number;
  readonly to: number;
  /** Of columns by name, if they are known. */
  readonly bounds: ReadonlyMap<string, Bounds>;
}

/**
 * Returns all columns, those too that cannot be read, with the reason; and the groups of rows with
 * the bounds of their numbers and times.
 */
export async function parquetParts(file: FileToDecode, signal?: AbortSignal) {
  const footer = await readFooter(file, signal);
  const columns = columnsOf(file.path, footer.schema, "text");
  let to = 0;
  const groups = footer.groups.map((group): Group => {
    const bounds = new Map<string, Bounds>();
    for (const each of columns) {
      const found = "problem" in each ? undefined : boundsOf(each, group);
      if (found !== undefined) bounds.set((each as FileColumn).column.name, found);
    }
    return { from: to, to: to += group.rows, bounds };
  });
  const types = columns.flatMap((each) => "problem" in each ? [] : [shownType(each)]);
  return { columns, types, groups };
}

/** Times without a time zone are strings of numbers. */
function shownType({ type, column }: FileColumn): string {
  return column.type === "string" && type !== PHYSICAL.bytes ? "date" : column.type;
}

const ARRAYS: Readonly<Record<number, typeof Int32Array | typeof BigInt64Array | undefined>> = {
  [PHYSICAL.int32]: Int32Array,
  [PHYSICAL.int64]: BigInt64Array,
  [PHYSICAL.float]: Float32Array as unknown as typeof Int32Array,
  [PHYSICAL.double]: Float64Array as unknown as typeof Int32Array,
};

function boundsOf({ type, leaf, toCells }: FileColumn, group: RowGroup): Bounds | undefined {
  const found = group.columns[leaf]?.bounds;
  const array = ARRAYS[type];
  if (!found?.every((bytes) => bytes.byteLength === array?.BYTES_PER_ELEMENT)) return undefined;
  try {
    const [min, max] = found.map((bytes) => toCells(new array!(bytes.slice().buffer))[0]!);
    const isOrdered = [min, max].every((cell) => typeof cell !== "string" || /^\d/.test(cell));
    return isOrdered && min === min && max === max ? [min!, max!] : undefined; // not NaN
  } catch {
    return undefined; // parts of a millisecond
  }
}
