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
import { type Batch, batchTable, type Range } from "../../../../formats/tables/batch_table.ts";
import { type Cells, copyCells, joinCells } from "../../../../formats/tables/cells.ts";
import { chooseColumns } from "../../../../formats/tables/parts.ts";
import type { Cell, Column } from "../../../../formats/tables/table.ts";
import { shortNumber } from "../../format/short_number.ts";
import { type Feature, featuresOf } from "./other/features.ts";
import type { OtherColumns } from "./other/parquet_columns.ts";
import type { Bounds, Group } from "./table_reader.ts";

/** Opens the columns that can be read. The others are listed with the reason. */
export async function openParquetTable(file: FileToDecode, signal?: AbortSignal) {
  const { path } = file;
  const { schema, groups: stored, rows: rowCount, notes } = await readFooter(file, { signal });
  const features = featuresOf(notes.get("huggingface"));
  const all = columnsOf(path, schema, {
    localTimes: "text",
    fineTimes: "text",
    unsignedIntegers: "text",
  });
  const known = all.flatMap((each) => "problem" in each ? [] : shownColumn(each, features));
  const refused = all.flatMap((each) => "problem" in each ? [each.name] : []);
  const more = refused.length === 0 ? undefined : await openMore(file, refused, features, signal);
  const columns = chooseColumns(
    path,
    all.flatMap((each): TableColumn[] => {
      if (!("problem" in each)) return [shownColumn(each, features)];
      const otherType = more?.types.get(each.name);
      return otherType === undefined
        ? []
        : [{ column: { name: each.name, type: "string", nullable: true }, otherType }];
    }),
  );
  const others = all.flatMap((each) =>
    "problem" in each && !more?.types.has(each.name) ? [each] : []
  );
  const table = batchTable({
    path,
    columns,
    read: (wanted, range) =>
      more === undefined || wanted.every(isOwn)
        ? readGroups(file, stored, { ...range, columns: wanted.filter(isOwn) })
        : readMixed({ file, groups: stored, more }, wanted, range),
  });
  let to = 0;
  const groups = stored.map((group): Group => ({
    from: to,
    to: to += group.rows,
    bounds: (name) => {
      const column = known.find(({ column }) => column.name === name);
      return column && boundsOf(column, group);
    },
  }));
  const shown = columns.map((each) => ({
    name: each.column.name,
    type: isOwn(each) ? shownType(each) : each.otherType,
  }));
  const media = (column: number, row: number) => more!.media(shown[column]!.name, row);
  return { table, rowCount, columns: shown, others, groups, media };
}

/** A column that only hyparquet reads, with the type that the page shows. */
interface MoreColumn {
  readonly column: Column;
  readonly otherType: string;
}

type TableColumn = ShownColumn | MoreColumn;

const isOwn = (column: TableColumn): column is ShownColumn => !("otherType" in column);

async function openMore(
  file: FileToDecode,
  names: readonly string[],
  features: ReadonlyMap<string, Feature>,
  signal?: AbortSignal,
) {
  const { openOtherColumns } = await import("./other/parquet_columns.ts");
  return await openOtherColumns(file, names, features, signal);
}

/** Rows of other columns that are decoded at first; then twice as many, as each time begins anew. */
const FIRST_ROWS = 16_384;

/** Reads columns of both kinds. */
async function* readMixed(
  { file, groups, more }: { file: FileToDecode; groups: readonly RowGroup[]; more: OtherColumns },
  wanted: readonly TableColumn[],
  { from, to, signal }: Range,
): AsyncGenerator<Batch> {
  const own = wanted.filter(isOwn);
  const names = wanted.filter((each) => !isOwn(each)).map(({ column }) => column.name);
  let first = 0;
  for (const { rows } of groups) {
    const [begin, end] = [Math.max(from, first), Math.min(to, first + rows)];
    first += rows;
    for (let at = begin, count = FIRST_ROWS; at < end; count *= 2) {
      signal?.throwIfAborted();
      const next = Math.min(end, at + count);
      const others = await more.read(names, at, next);
      const cells = await ownCells(at, next);
      const otherAt = new Map(names.map((name, i) => [name, others[i] ?? []]));
      yield {
        rows: next - at,
        cells: wanted.map((each) =>
          (isOwn(each) ? cells[own.indexOf(each)] : otherAt.get(each.column.name)) ?? []
        ),
      };
      at = next;
    }
  }

  async function ownCells(from: number, to: number): Promise<Cells[]> {
    if (own.length === 0) return [];
    const pieces: Batch[] = [];
    for await (const batch of readGroups(file, groups, { from, to, signal, columns: own })) {
      pieces.push({ ...batch, cells: batch.cells.map(copyCells) });
    }
    return await Promise.all(own.map(({ column }, i) => {
      return joinCells(column, iterated(pieces.map(({ cells }) => cells[i] ?? [])));
    }));
  }
}

async function* iterated<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}

/** Integers of which each is the number of a class. */
const CLASS = "class";

interface ShownColumn extends FileColumn {
  readonly shown?: typeof CLASS;
}

/**
 * Reads numbers of 32 bits with the fewest digits that identify them, as pandas does: 0.1. Numbers of
 * classes become their names; one that has none stays.
 */
function shownColumn(column: FileColumn, features: ReadonlyMap<string, Feature>): ShownColumn {
  const { name, nullable } = column.column, { classNames } = features.get(name) ?? {};
  if (classNames !== undefined && /^(number|int64)$/.test(shownType(column))) {
    const toCells: FileColumn["toCells"] = (values) =>
      Array.from(
        column.toCells(values) as ArrayLike<Cell>,
        (cell) => classNames[Number(cell)] ?? String(cell),
      );
    return { ...column, column: { name, type: "string", nullable }, toCells, shown: CLASS };
  }
  if (column.type !== PHYSICAL.float) return column;
  const toCells: FileColumn["toCells"] = (values) =>
    Float64Array.from(values as Float32Array, (value) => shortNumber(value, 32));
  return { ...column, toCells };
}

/** Returns the type that the page shows, also of times and integers that are read as strings. */
function shownType({ type, column, toCells, shown }: ShownColumn): string {
  if (shown !== undefined) return shown;
  if (toCells === toDigits) return "int64";
  return column.type === "string" && type !== PHYSICAL.bytes ? "date" : column.type;
}

const ARRAYS: Readonly<Record<number, typeof Int32Array | typeof BigInt64Array | undefined>> = {
  [PHYSICAL.int32]: Int32Array,
  [PHYSICAL.int64]: BigInt64Array,
  [PHYSICAL.float]: Float32Array as unknown as typeof Int32Array,
  [PHYSICAL.double]: Float64Array as unknown as typeof Int32Array,
};

function boundsOf(
  { type, leaf, toCells, shown }: ShownColumn,
  group: RowGroup,
): Bounds | undefined {
  if (shown === CLASS) return undefined; // names have another order than numbers
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
