// The columns of a Parquet file: their types, and the conversion of values to cells.
import { exactDay, exactMoment, exactUnsigned, localText, utcText } from "../tables/exact_cells.ts";
import {
  type FineTimes,
  LOCAL_TIMES_PROBLEM,
  type LocalTimes,
  type OtherColumn,
  type UnsignedIntegers,
} from "../tables/parts.ts";
import { corruptTable } from "../content/file_faults.ts";
import type { Cell, Column, ColumnType, Numbers } from "../tables/table.ts";
import type { SchemaElement } from "./footer.ts";

export const PHYSICAL = { boolean: 0, int32: 1, int64: 2, float: 4, double: 5, bytes: 6 } as const;

/** Values of a page. Strings are already decoded. */
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
  /** Converts values. Throws `InexactCell`. */
  toCells(values: Values): Numbers | Cell[];
}

/** How to read values that a `Date` or an `int64` cannot hold. */
interface CellOptions {
  readonly localTimes: LocalTimes;
  readonly fineTimes: FineTimes;
  readonly unsignedIntegers: UnsignedIntegers;
}

export function columnsOf(
  path: string,
  schema: readonly SchemaElement[],
  options: CellOptions,
): (FileColumn | OtherColumn)[] {
  const columns: (FileColumn | OtherColumn)[] = [];
  let leaf = 0;
  let at = 1;
  for (let i = 0; i < (schema[0]?.children ?? 0); i++) {
    const first = at;
    for (let open = 1; open > 0; open--) {
      const part = schema[at++];
      if (part === undefined) throw corruptTable(path, "schema is damaged");
      open += part.children;
      if (part.type !== undefined) leaf++; // a group without members has no chunk
    }
    const element = schema[first]!;
    const isNested = at > first + 1 || element.type === undefined;
    columns.push(
      isNested
        ? { name: element.name, problem: "it is nested" }
        : columnOf(element, leaf - 1, options),
    );
  }
  if (at !== schema.length) throw corruptTable(path, "schema is damaged");
  return columns;
}

function columnOf(
  element: SchemaElement,
  leaf: number,
  options: CellOptions,
): FileColumn | OtherColumn {
  const { name, repetition } = element;
  if (repetition > 1) return { name, problem: "it is a list" };
  const meaning = meaningOf(element, options);
  if (typeof meaning === "string") return { name, problem: meaning };
  const [type, toCells] = meaning;
  return { column: { name, type, nullable: repetition === 1 }, leaf, type: element.type!, toCells };
}

type Meaning = [ColumnType, FileColumn["toCells"]];

/** The annotation of a physical type. */
type Note =
  | ("none" | "text" | "date" | "timestamp")
  | ("signed8" | "signed16" | "signed" | "signed64")
  | ("unsigned8" | "unsigned16" | "unsigned" | "unsigned64");

/** Logical types other than integers, by their fields. */
const LOGICAL = [[1, "text"], [4, "text"], [12, "text"], [6, "date"], [8, "timestamp"]] as const;
const INTEGER = "field_10";

const DECIMAL = 5;
const TIMESTAMP_MILLIS = 9;
/** Converted types, the annotations of older files. */
const CONVERTED: Readonly<Record<number, Note | undefined>> = {
  0: "text", // UTF8
  4: "text", // ENUM
  6: "date",
  [TIMESTAMP_MILLIS]: "timestamp",
  10: "timestamp", // TIMESTAMP_MICROS
  11: "unsigned8", // UINT_8
  12: "unsigned16",
  13: "unsigned",
  14: "unsigned64",
  15: "signed8", // INT_8
  16: "signed16",
  17: "signed",
  18: "signed64",
  19: "text", // JSON
};

const INT96 = 3;

const SAME = (values: Values) => values as Cell[];
const LONGS = (values: Values) => values as BigInt64Array;

/** Column types by physical type and annotation. Timestamps depend on their unit too. */
const MEANINGS: Readonly<Record<number, Partial<Record<Note, Meaning>> | undefined>> = {
  [PHYSICAL.boolean]: { none: ["boolean", SAME] },
  [PHYSICAL.float]: { none: ["number", floats] },
  [PHYSICAL.double]: { none: ["number", floats] },
  [PHYSICAL.bytes]: { text: ["string", SAME] },
  [PHYSICAL.int32]: {
    none: ["number", floats],
    signed8: ["number", lowBits(Int8Array)],
    signed16: ["number", lowBits(Int16Array)],
    signed: ["number", floats],
    unsigned8: ["number", lowBits(Uint8Array)],
    unsigned16: ["number", lowBits(Uint16Array)],
    unsigned: ["number", lowBits(Uint32Array)],
    date: ["date", (values) => Array.from(values as Int32Array, exactDay)],
  },
  [PHYSICAL.int64]: {
    none: ["int64", LONGS],
    signed64: ["int64", LONGS],
    unsigned64: ["int64", (values) => (values as BigInt64Array).map(exactUnsigned)],
  },
};

const [MILLIS, MICROS, NANOS] = [1n, 1000n, 1_000_000n];
const DAY_TEXTS: Meaning = [
  "string",
  (values) => Array.from(values as Int32Array, (day) => exactDay(day).toISOString().slice(0, -14)),
];

function meaningOf(element: SchemaElement, options: CellOptions): Meaning | string {
  const { type, logical, converted } = element;
  if (type === INT96) return "it has times of 96 bits (INT96)";
  const note = noteOf(element);
  const meaning = type === PHYSICAL.int64 && note === "timestamp"
    ? moments(logical?.field_8, converted, options)
    : note && MEANINGS[type!]?.[note];
  if (options.localTimes === "text" && meaning === MEANINGS[PHYSICAL.int32]!.date) return DAY_TEXTS;
  if (options.unsignedIntegers === "text" && meaning === MEANINGS[PHYSICAL.int64]!.unsigned64) {
    return ["string", toDigits];
  }
  if (meaning !== undefined) return meaning;
  if (type === PHYSICAL.bytes && note === "none") {
    return "it has bytes that are not declared as text";
  }
  const isDecimal = converted === DECIMAL || logical?.field_5 !== undefined;
  return isDecimal ? "it has decimals" : "its type is unknown";
}

function noteOf({ type, logical, converted }: SchemaElement): Note | undefined {
  if (logical === undefined) return converted === undefined ? "none" : CONVERTED[converted];
  const match = LOGICAL.find(([field]) => logical[`field_${field}`] !== undefined);
  const isSigned = logical[INTEGER]?.field_2;
  if (match !== undefined || typeof isSigned !== "boolean") return match?.[1];
  if (type === PHYSICAL.int64) return isSigned ? "signed64" : "unsigned64";
  const width = logical[INTEGER].field_1;
  const bits = width === 8 || width === 16 ? width as 8 | 16 : "";
  return isSigned ? `signed${bits}` : `unsigned${bits}`;
}

function floats(values: Values): Float64Array {
  return values instanceof Float64Array ? values : new Float64Array(values as Float32Array);
}

/** Writes unsigned integers of 64 bits in digits. */
export function toDigits(values: Values): string[] {
  return Array.from(values as BigInt64Array, (value) => String(BigInt.asUintN(64, value)));
}

/** Reads integers of fewer than 32 bits as Arrow does: the other bits have no meaning. */
function lowBits(kind: { from(values: Int32Array): ArrayLike<number> }): FileColumn["toCells"] {
  return (values) => new Float64Array(kind.from(values as Int32Array));
}

function moments(
  // deno-lint-ignore no-explicit-any
  timestamp: any,
  converted: number | undefined,
  { localTimes, fineTimes }: CellOptions,
): Meaning | string | undefined {
  let unit = converted === TIMESTAMP_MILLIS ? MILLIS : MICROS;
  if (timestamp !== undefined) {
    const { field_1: isUtc, field_2: units = {} } = timestamp;
    if (isUtc !== true && localTimes === "refuse") return LOCAL_TIMES_PROBLEM;
    if (units.field_1 !== undefined) unit = MILLIS;
    else if (units.field_2 !== undefined) unit = MICROS;
    else if (units.field_3 !== undefined) unit = NANOS;
    else return undefined;
    if (isUtc !== true && localTimes === "text") {
      return ["string", (values) => Array.from(values as BigInt64Array, (v) => localText(v, unit))];
    }
  }
  if (fineTimes === "text" && unit !== MILLIS) {
    return ["string", (values) => Array.from(values as BigInt64Array, (v) => utcText(v, unit))];
  }
  return ["date", (values) => Array.from(values as BigInt64Array, (v) => exactMoment(v, unit))];
}
