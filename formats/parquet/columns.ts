// The columns of a Parquet file: which types of a table its types are, and what cells are made of
// its values.
import {
  createTextReader,
  exactDay,
  exactMoment,
  exactUnsigned,
} from "../../core/tables/exact_cells.ts";
import type { TimeUnit } from "../../core/tables/exact_cells.ts";
import { LOCAL_TIMES_PROBLEM } from "../../core/tables/parts.ts";
import type { LocalTimes, OtherColumn } from "../../core/tables/parts.ts";
import { corruptTable } from "../../core/tables/table_file.ts";
import type { Cell, Column, ColumnType } from "../../core/table.ts";
import type { Footer, SchemaElement } from "./footer.ts";

/** The physical types. */
export const PHYSICAL = { boolean: 0, int32: 1, int64: 2, float: 4, double: 5, bytes: 6 } as const;

/** A value as it is stored. */
export type Stored = boolean | number | bigint | Uint8Array;

/** A column that can be read. */
export interface FileColumn {
  /** What it is in the table. */
  column: Column;
  /** Which chunk of a row group is its. */
  leaf: number;
  /** The physical type. */
  type: number;
  /** Makes a cell of a value. Throws `InexactCell`, and `TypeError` for what is no text. */
  toCell(value: Stored): Cell;
}

/** The columns of the file, in order. */
export function columnsOf(
  path: string,
  { schema }: Footer,
  localTimes: LocalTimes,
): (FileColumn | OtherColumn)[] {
  const columns: (FileColumn | OtherColumn)[] = [];
  const count = (element: SchemaElement | undefined) => {
    const { children = 0 } = element ?? damaged();
    return children >= 0 ? children : damaged();
  };
  function damaged(): never {
    throw corruptTable(path, "its schema is damaged");
  }
  const top = count(schema[0]);
  let leaf = 0;
  let at = 1;
  for (let i = 0; i < top; i++) {
    const element = schema[at];
    const first = at;
    for (let open = 1; open > 0; open--) {
      const children = count(schema[at]);
      open += children;
      if (children === 0 && schema[at].type !== undefined) leaf++;
      at++;
    }
    const isNested = at > first + 1 || element.type === undefined;
    columns.push(
      isNested
        ? { name: element.name, problem: "it is nested" }
        : columnOf(element, leaf - 1, localTimes),
    );
  }
  if (at !== schema.length) damaged();
  return columns;
}

function columnOf(
  element: SchemaElement,
  leaf: number,
  localTimes: LocalTimes,
): FileColumn | OtherColumn {
  const { name, repetition = 0 } = element;
  if (repetition === 2) return { name, problem: "it is a list" };
  const meaning = meaningOf(element, localTimes);
  if (typeof meaning === "string") return { name, problem: meaning };
  return {
    column: { name, type: meaning.type, nullable: repetition === 1 },
    leaf,
    type: element.type!,
    toCell: meaning.toCell as FileColumn["toCell"],
  };
}

interface Meaning<S> {
  type: ColumnType;
  toCell(value: S): Cell;
}

function meaningOf(element: SchemaElement, localTimes: LocalTimes): Meaning<never> | string {
  const { type, logical, converted } = element;
  switch (type) {
    case PHYSICAL.boolean:
      if (isPlain(element)) return { type: "boolean", toCell: same };
      break;
    case PHYSICAL.float:
    case PHYSICAL.double:
      if (isPlain(element)) return { type: "number", toCell: same };
      break;
    case PHYSICAL.bytes:
      if (logical?.string ?? logical?.enum ?? logical?.json) return texts();
      if (logical === undefined && [UTF8, ENUM, JSON_TEXT].includes(converted!)) return texts();
      return isPlain(element)
        ? "it has bytes, and does not say that they are text"
        : "its type is not known here";
    case PHYSICAL.int32:
      if (logical?.date ?? (logical === undefined && converted === DATE)) {
        return { type: "date", toCell: exactDay } as Meaning<never>;
      }
      return small(element) ?? other(element);
    case PHYSICAL.int64:
      return moments(element, localTimes) ?? large(element) ?? other(element);
    case 3:
      return "it has times of 96 bits (INT96)";
  }
  return other(element);
}

const MILLIS: TimeUnit = {};
const MICROS: TimeUnit = { perMillisecond: 1000n };
const NANOS: TimeUnit = { perMillisecond: 1_000_000n };

const UTF8 = 0;
const ENUM = 4;
const DECIMAL = 5;
const DATE = 6;
const TIMESTAMP_MILLIS = 9;
const TIMESTAMP_MICROS = 10;
const UINT_8 = 11;
const UINT_32 = 13;
const UINT_64 = 14;
const INT_8 = 15;
const INT_32 = 17;
const INT_64 = 18;
const JSON_TEXT = 19;

const same = (value: never) => value;
const within = (value: number | undefined, from: number, to: number) =>
  value !== undefined && value >= from && value <= to;

function isPlain({ logical, converted }: SchemaElement): boolean {
  return logical === undefined && converted === undefined;
}

function other({ converted }: SchemaElement): string {
  return converted === DECIMAL ? "it has decimals" : "its type is not known here";
}

/** Whole numbers of up to 32 bits, all of which a number holds. */
function small(element: SchemaElement): Meaning<never> | undefined {
  const { logical, converted } = element;
  if (isPlain(element) || within(logical === undefined ? converted : undefined, INT_8, INT_32)) {
    return { type: "number", toCell: same };
  }
  const unsigned = logical === undefined
    ? within(converted, UINT_8, UINT_32)
    : logical.integer?.signed === false;
  if (unsigned) return { type: "number", toCell: (value: number) => value >>> 0 } as Meaning<never>;
  return logical?.integer && { type: "number", toCell: same };
}

/** Whole numbers of 64 bits. */
function large(element: SchemaElement): Meaning<never> | undefined {
  const { logical, converted } = element;
  if (
    isPlain(element) || (logical === undefined && converted === INT_64) ||
    logical?.integer?.signed === true
  ) {
    return { type: "int64", toCell: same };
  }
  const unsigned = logical === undefined
    ? converted === UINT_64
    : logical.integer?.signed === false;
  return unsigned ? { type: "int64", toCell: exactUnsigned } as Meaning<never> : undefined;
}

function moments(
  { logical, converted }: SchemaElement,
  localTimes: LocalTimes,
): Meaning<never> | string | undefined {
  if (logical === undefined && (converted === TIMESTAMP_MILLIS || converted === TIMESTAMP_MICROS)) {
    return moment(converted === TIMESTAMP_MILLIS ? MILLIS : MICROS);
  }
  const { timestamp } = logical ?? {};
  if (timestamp === undefined) return undefined;
  if (!timestamp.utc && localTimes === "refuse") {
    return LOCAL_TIMES_PROBLEM;
  }
  const { millis, micros, nanos } = timestamp.unit;
  return millis ? moment(MILLIS) : micros ? moment(MICROS) : nanos ? moment(NANOS) : undefined;
}

function moment(unit: TimeUnit): Meaning<never> {
  return { type: "date", toCell: (value: bigint) => exactMoment(value, unit) } as Meaning<never>;
}

function texts(): Meaning<never> {
  return { type: "string", toCell: createTextReader() } as Meaning<never>;
}
