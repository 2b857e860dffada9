// Arrow and Feather files (https://arrow.apache.org/docs/format/Columnar.html), decoded by flechette.
// Values are written here, so that no digit is lost.
import { setCompressionCodec } from "npm:@uwdata/flechette@2.6.0/src/compression.js";
import { CompressionType, Type } from "npm:@uwdata/flechette@2.6.0/src/constants.js";
import { decodeIPC } from "npm:@uwdata/flechette@2.6.0/src/decode/decode-ipc.js";
import { createTable } from "npm:@uwdata/flechette@2.6.0/src/decode/table-from-ipc.js";
import { zstdDecompressSync } from "node:zlib";
import { corrupt, isRegistryError } from "../../../../../core/errors.ts";
import type { FileToDecode } from "../../../../../core/file_store.ts";
import { localText, utcText } from "../../../../../formats/tables/exact_cells.ts";
import type { Cell } from "../../../../../formats/tables/table.ts";
import { shortNumber } from "../../../format/short_number.ts";
import { uniqueNames } from "../column_names.ts";
import type { TableReader } from "../table_reader.ts";
import { unpackLz4Frame } from "./lz4_frame.ts";
import { rowsTable } from "./rows_table.ts";
import { dayOf, digitsOf, hexOf, timeOf } from "./write_values.ts";

/** Bytes of all columns, unpacked. */
const MAX_BYTES = 256 * 1024 * 1024;
/** Members of a value that are written. */
const MOST_MEMBERS = 100;
const MAX_DEPTH = 16;

/** A field, or a member of one. The numbers of `unit` and `precision` are those of Arrow. */
interface ArrowField {
  readonly name: string;
  readonly type: ArrowType;
}

interface ArrowType {
  readonly typeId: number;
  readonly bitWidth?: number;
  readonly precision?: number;
  scale?: number;
  /** The scale of a decimal in hundreds or thousands, which flechette would refuse. */
  negativeScale?: number;
  readonly unit?: number;
  readonly timezone?: string | null;
  /** Elements of a list of a fixed size. */
  readonly stride?: number;
  readonly dictionary?: ArrowType;
  readonly children?: readonly ArrowField[];
}

interface ArrowBatch {
  readonly length: number;
  readonly type: ArrowType;
  readonly offsets?: ArrayLike<number | bigint>;
  readonly sizes?: ArrayLike<number | bigint>;
  readonly children?: readonly ArrowBatch[];
  readonly nullCount: number;
  readonly validity?: Uint8Array;
  /** The values that a column with few of them refers to. */
  readonly dictionary?: { readonly data: readonly ArrowBatch[] };
  /** Returns the number of such a value. */
  key?(index: number): number | bigint;
  isValid(index: number): boolean;
  at(index: number): unknown;
}

interface ArrowTable {
  readonly schema: { readonly fields: readonly ArrowField[] };
  readonly children: readonly { readonly data: readonly ArrowBatch[] }[];
  readonly numRows: number;
}

/** Opens a file of Arrow, which is read whole. */
export async function openArrow(file: FileToDecode): Promise<TableReader> {
  const bytes = await file.bytes();
  const room = { left: MAX_BYTES };
  setCompressionCodec(CompressionType.LZ4_FRAME, codec(room, unpackLz4Frame));
  setCompressionCodec(
    CompressionType.ZSTD,
    codec(room, (packed, size) => zstdDecompressSync(packed, { maxOutputLength: size })),
  );
  try {
    const options = { useBigInt: true, useBigIntTimestamp: true, useDecimalInt: true };
    const data = decodeIPC(bytes);
    for (const { type } of data.schema?.fields ?? []) moveNegativeScales(type as ArrowType);
    const { schema, children, numRows } = createTable(data, options) as unknown as ArrowTable;
    const names = uniqueNames(schema.fields.map(({ name }) => name));
    const columns = schema.fields.map(({ type }, i) => ({
      name: names[i] ?? "",
      type: typeText(type),
    }));
    const starts = startsOf(children[0]?.data ?? []);
    return rowsTable({
      columns,
      rowCount: numRows,
      cellAt(column, row) {
        const at = starts.findLastIndex((start) => start <= row);
        const batch = children[column]?.data[at];
        return batch === undefined ? null : cellOf(batch, row - (starts[at] ?? 0));
      },
    });
  } catch (error) {
    if (isRegistryError(error)) throw error;
    throw corrupt("preview", file.path, (error as Error).message, {
      hint: "Save the table again, or open an older version.",
      cause: error,
    });
  }
}

/** Decodes decimals with a negative scale as integers: flechette divides by a power of ten. */
function moveNegativeScales(type: ArrowType): void {
  const { typeId, scale = 0, children = [], dictionary } = type;
  if (typeId === Type.Decimal && scale < 0) Object.assign(type, { scale: 0, negativeScale: scale });
  for (const child of children) moveNegativeScales(child.type);
  if (dictionary !== undefined) moveNegativeScales(dictionary);
}

function scaleOf({ scale = 0, negativeScale = scale }: ArrowType): number {
  return negativeScale;
}

function codec(
  room: { left: number },
  unpack: (packed: Uint8Array, size: number) => Uint8Array,
) {
  return {
    decode(packed: Uint8Array, size: number): Uint8Array {
      if (size >= 0 && (room.left -= size) >= 0) return unpack(packed, size);
      throw new RangeError(`its columns have more than ${MAX_BYTES} bytes`);
    },
    encode(): never {
      throw new Error("the explorer does not write files");
    },
  };
}

/** Returns the first rows of batches. */
function startsOf(batches: readonly ArrowBatch[]): number[] {
  let sum = 0;
  return batches.map(({ length }) => (sum += length) - length);
}

const LISTS: readonly number[] = [
  Type.List,
  Type.LargeList,
  Type.ListView,
  Type.LargeListView,
  Type.FixedSizeList,
];

/** Types that have one name. Others depend on their members. */
const TYPE_NAMES: Readonly<Record<number, string>> = {
  [Type.Bool]: "boolean",
  [Type.Date]: "date",
  [Type.Timestamp]: "date",
  [Type.Time]: "time",
  [Type.Duration]: "duration",
  [Type.Binary]: "binary",
  [Type.LargeBinary]: "binary",
  [Type.BinaryView]: "binary",
  [Type.FixedSizeBinary]: "binary",
  [Type.Map]: "map",
  [Type.Null]: "null",
};

function typeText(type: ArrowType): string {
  const { typeId, children = [], dictionary } = type;
  if (LISTS.includes(typeId)) return `list<${children[0] ? typeText(children[0].type) : ""}>`;
  switch (typeId) {
    case Type.Dictionary:
      return dictionary === undefined ? "string" : typeText(dictionary);
    case Type.Int:
      return type.bitWidth === 64 ? "int64" : "number";
    case Type.Float:
      return type.precision === 0 ? "float16" : "number";
    case Type.Decimal:
      return `decimal(${type.precision}, ${scaleOf(type)})`;
    case Type.Struct: {
      const members = children.map(({ name, type }) => `${name}: ${typeText(type)}`);
      return `struct<${members.join(", ")}>`;
    }
    default:
      return TYPE_NAMES[typeId] ?? "string";
  }
}

function cellOf(stored: ArrowBatch, row: number): Cell {
  const { batch, index } = placeOf(stored, row);
  return batch === undefined || isNull(batch, index) ? null : valueOf(batch, index, 0);
}

/** Returns where a value is: of a dictionary, among its values. */
function placeOf(batch: ArrowBatch | undefined, index: number): Place {
  const { dictionary, key } = batch ?? {};
  if (batch === undefined || dictionary === undefined || isNull(batch, index)) {
    return { batch, index };
  }
  const at = Number(key?.call(batch, index));
  const starts = startsOf(dictionary.data);
  const which = starts.findLastIndex((start) => start <= at);
  const values = dictionary.data[which];
  const within = at - (starts[which] ?? 0);
  return { batch: within < (values?.length ?? 0) ? values : undefined, index: within };
}

interface Place {
  readonly batch?: ArrowBatch;
  readonly index: number;
}

/** Tells without the value, as that of a damaged list may have any number of items. */
function isNull(batch: ArrowBatch, index: number): boolean {
  const { nullCount, validity, type } = batch;
  if (type.typeId === Type.Null) return true;
  return nullCount > 0 && validity?.length !== 0 && validity !== undefined && !batch.isValid(index);
}

/** Writes a value of another one: text and times in quotes. */
function textIn(stored: ArrowBatch | undefined, item: number, depth: number): string {
  const { batch, index } = placeOf(stored, item);
  if (batch === undefined || isNull(batch, index)) return "null";
  const { typeId } = batch.type;
  const value = valueOf(batch, index, depth + 1);
  const isPlain = typeof value !== "string" || isNested(typeId) || typeId === Type.Decimal;
  return isPlain ? String(value) : JSON.stringify(value);
}

function isNested(typeId: number): boolean {
  return LISTS.includes(typeId) || typeId === Type.Struct || typeId === Type.Map;
}

function valueOf(batch: ArrowBatch, index: number, depth: number): Cell {
  const { type } = batch;
  if (depth > MAX_DEPTH) return "…";
  if (LISTS.includes(type.typeId)) {
    const [start, end] = rangeIn(batch, index);
    return `[${joined(start, end, (at) => textIn(batch.children?.[0], at, depth))}]`;
  }
  if (type.typeId === Type.Map) {
    const [start, end] = rangeIn(batch, index);
    const [key, value] = batch.children?.[0]?.children ?? [];
    const entry = (at: number) => `${textIn(key, at, depth)}: ${textIn(value, at, depth)}`;
    return `{${joined(start, end, entry)}}`;
  }
  if (type.typeId === Type.Struct) {
    const members = (type.children ?? []).map(({ name }, i) =>
      `${JSON.stringify(name)}: ${textIn(batch.children?.[i], index, depth)}`
    );
    return `{${members.join(", ")}}`;
  }
  return plainValue(type, batch, index);
}

/** Returns the place of the items of a list among all items. */
function rangeIn({ offsets, sizes, type }: ArrowBatch, index: number): [number, number] {
  const { stride = 0 } = type;
  if (offsets === undefined) return [index * stride, (index + 1) * stride];
  const start = Number(offsets[index]);
  return [start, sizes === undefined ? Number(offsets[index + 1]) : start + Number(sizes[index])];
}

function joined(start: number, end: number, text: (at: number) => string): string {
  const count = Math.max(0, Math.min(end - start, MOST_MEMBERS));
  const shown = Array.from({ length: count }, (_, i) => text(start + i));
  return `${shown.join(", ")}${end - start > count ? ", …" : ""}`;
}

/** Units of times by number: seconds, milliseconds, microseconds, nanoseconds. */
const UNITS = [[1000n, 1n], [1n, 1n], [1n, 1000n], [1n, 1_000_000n]] as const;
const UNIT_NAMES = ["s", "ms", "µs", "ns"];

function plainValue(type: ArrowType, batch: ArrowBatch, index: number): Cell {
  const value = batch.at(index);
  const [factor, unit] = UNITS[type.unit ?? 1] ?? UNITS[1];
  switch (type.typeId) {
    case Type.Float:
      return shortNumber(value as number, ([16, 32] as const)[type.precision ?? 2]);
    case Type.Decimal:
      return digitsOf(BigInt(value as bigint), scaleOf(type));
    case Type.Date:
      return dayOf(Number(value) / 86_400_000);
    case Type.Timestamp:
      return (type.timezone ? utcText : localText)((value as bigint) * factor, unit);
    case Type.Time:
      return timeOf(BigInt(value as bigint) * factor, unit);
    case Type.Duration:
      return `${value} ${UNIT_NAMES[type.unit ?? 1]}`;
    default:
      return otherValue(value);
  }
}

function otherValue(value: unknown): Cell {
  if (value instanceof Uint8Array) return hexOf(value);
  if (typeof value !== "object" || value === null) return (value ?? null) as Cell;
  return JSON.stringify(value, (_, each) => typeof each === "bigint" ? String(each) : each);
}
