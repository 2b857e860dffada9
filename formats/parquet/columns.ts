// The columns of a Parquet file: which types of a table its types are, and what cells are made of
// its values.
import { exactDay, exactMoment, exactUnsigned } from "../tables/exact_cells.ts";
import type { TimeUnit } from "../tables/exact_cells.ts";
import { LOCAL_TIMES_PROBLEM, type LocalTimes, type OtherColumn } from "../tables/parts.ts";
import { corruptTable } from "../tables/table_file.ts";
import type { Cell, Column, ColumnType, Numbers } from "../tables/table.ts";
import type { SchemaElement } from "./footer.ts";

export const PHYSICAL = { boolean: 0, int32: 1, int64: 2, float: 4, double: 5, bytes: 6 } as const;

/** Values as a page has them; strings are decoded as they are read. */
export type Values =
  | boolean[]
  | string[]
  | Int32Array
  | BigInt64Array
  | Float32Array
  | Float64Array;

export interface FileColumn {
  column: Column;
  leaf: number;
  type: number;
  /** Makes cells of values. Throws `InexactCell`. */
  toCells(values: Values): Numbers | Cell[];
}

export function columnsOf(
  path: string,
  schema: readonly SchemaElement[],
  localTimes: LocalTimes,
): (FileColumn | OtherColumn)[] {
  const columns: (FileColumn | OtherColumn)[] = [];
  let leaf = 0;
  let at = 1;
  for (let i = 0; i < (schema[0]?.children ?? 0); i++) {
    const first = at;
    for (let open = 1; open > 0; open--) {
      if (at >= schema.length) throw corruptTable(path, "its schema is damaged");
      const { children } = schema[at++];
      open += children;
      if (children === 0) leaf++;
    }
    const element = schema[first];
    const isNested = at > first + 1 || element.type === undefined;
    columns.push(
      isNested
        ? { name: element.name, problem: "it is nested" }
        : columnOf(element, leaf - 1, localTimes),
    );
  }
  if (at !== schema.length) throw corruptTable(path, "its schema is damaged");
  return columns;
}

function columnOf(
  element: SchemaElement,
  leaf: number,
  localTimes: LocalTimes,
): FileColumn | OtherColumn {
  const { name, repetition } = element;
  if (repetition > 1) return { name, problem: "it is a list" };
  const meaning = meaningOf(element, localTimes);
  if (typeof meaning === "string") return { name, problem: meaning };
  const [type, toCells] = meaning;
  return { column: { name, type, nullable: repetition === 1 }, leaf, type: element.type!, toCells };
}

type Meaning = [ColumnType, FileColumn["toCells"]];

const LOGICAL = { string: 1, enum: 4, date: 6, timestamp: 8, integer: 10, json: 12 };
/** Converted types, which older files have instead. */
const UTF8 = 0;
const ENUM = 4;
const DECIMAL = 5;
const DATE = 6;
const TIMESTAMP_MILLIS = 9;
const TIMESTAMP_MICROS = 10;
const UINT_8 = 11;
const UINT_64 = 14;
const INT_8 = 15;
const INT_64 = 18;
const JSON_TEXT = 19;

const MILLIS: TimeUnit = {};
const MICROS: TimeUnit = { perMillisecond: 1000n };
const NANOS: TimeUnit = { perMillisecond: 1_000_000n };

function meaningOf(
  { type, logical, converted }: SchemaElement,
  localTimes: LocalTimes,
): Meaning | string {
  const is = (field: number, ...older: number[]) =>
    logical === undefined ? older.includes(converted!) : logical[`field_${field}`] !== undefined;
  const isPlain = logical === undefined && converted === undefined;
  const within = (from: number, to: number) =>
    logical === undefined && converted! >= from && converted! <= to;
  const signed = logical?.[`field_${LOGICAL.integer}`]?.field_2;
  const other = converted === DECIMAL || logical?.field_5 !== undefined
    ? "it has decimals"
    : "its type is not known here";
  switch (type) {
    case PHYSICAL.boolean:
      return isPlain ? ["boolean", (values) => values as Cell[]] : other;
    case PHYSICAL.float:
    case PHYSICAL.double:
      return isPlain ? ["number", floats] : other;
    case PHYSICAL.bytes:
      if (is(LOGICAL.string, UTF8) || is(LOGICAL.enum, ENUM) || is(LOGICAL.json, JSON_TEXT)) {
        return ["string", (values) => values as Cell[]];
      }
      return isPlain ? "it has bytes, and does not say that they are text" : other;
    case PHYSICAL.int32:
      if (is(LOGICAL.date, DATE)) {
        return ["date", (values) => Array.from(values as Int32Array, exactDay)];
      }
      if (isPlain || within(INT_8, INT_64 - 1) || signed === true) return ["number", floats];
      return within(UINT_8, UINT_64 - 1) || signed === false ? ["number", unsigned] : other;
    case PHYSICAL.int64:
      if (is(LOGICAL.timestamp, TIMESTAMP_MILLIS, TIMESTAMP_MICROS)) {
        return moments(logical?.[`field_${LOGICAL.timestamp}`], converted, localTimes) ?? other;
      }
      if (isPlain || within(INT_64, INT_64) || signed === true) {
        return ["int64", (values) => values as BigInt64Array];
      }
      return within(UINT_64, UINT_64) || signed === false
        ? ["int64", (values) => (values as BigInt64Array).map(exactUnsigned)]
        : other;
    case 3:
      return "it has times of 96 bits (INT96)";
  }
  return other;
}

function floats(values: Values): Float64Array {
  return values instanceof Float64Array ? values : new Float64Array(values as Float32Array);
}

function unsigned(values: Values): Float64Array {
  return Float64Array.from(values as Int32Array, (value) => value >>> 0);
}

function moments(
  // deno-lint-ignore no-explicit-any
  timestamp: any,
  converted: number | undefined,
  localTimes: LocalTimes,
): Meaning | string | undefined {
  let unit = converted === TIMESTAMP_MILLIS ? MILLIS : MICROS;
  if (timestamp !== undefined) {
    const { field_1: isUtc, field_2: units = {} } = timestamp;
    if (isUtc !== true && localTimes === "refuse") return LOCAL_TIMES_PROBLEM;
    if (units.field_1 !== undefined) unit = MILLIS;
    else if (units.field_2 !== undefined) unit = MICROS;
    else if (units.field_3 !== undefined) unit = NANOS;
    else return undefined;
  }
  return ["date", (values) => Array.from(values as BigInt64Array, (v) => exactMoment(v, unit))];
}
