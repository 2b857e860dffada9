// The fields of an Arrow schema (https://github.com/apache/arrow/blob/main/format/Schema.fbs):
// which types of a table their types are, and which buffers hold them.
import {
  createTextReader,
  exactDay,
  exactMoment,
  exactUnsigned,
} from "../../core/tables/exact_cells.ts";
import { LOCAL_TIMES_PROBLEM } from "../../core/tables/parts.ts";
import type { LocalTimes, OtherColumn } from "../../core/tables/parts.ts";
import type { Cell, Column, ColumnType } from "../../core/table.ts";
import { FlatProblem } from "./flatbuffer.ts";
import type { FlatTable } from "./flatbuffer.ts";

/** How values lie in buffers: so many bytes each, bits, or texts between offsets of so many bytes. */
export type Layout = { kind: "fixed"; bytes: number } | { kind: "bits" } | {
  kind: "text";
  offsetBytes: 4 | 8;
};

/** How the values of a field are read. */
export interface Values {
  /** Which type of a table they are. */
  type: ColumnType;
  /** How they lie. */
  layout: Layout;
  /** The cell of a value of fixed size. */
  read(view: DataView, at: number): Cell;
  /** The cell of a text. Throws `TypeError` for what is none. */
  text(bytes: Uint8Array): Cell;
}

/** A field that can be read. */
export interface ArrowColumn {
  /** What it is in the table. */
  column: Column;
  /** Which node of a batch is its, and which its first buffer. */
  place: { node: number; buffer: number };
  /** Its values; of a dictionary those in it. */
  values: Values;
  /** The dictionary that its numbers mean values of. */
  dictionary?: { id: number; index: Values };
}

/** As many fields, also nested ones, a schema may have: a few bytes can name one field again and again. */
const MAX_FIELDS = 65_536;

/** Characters of all names together: many fields can have one name in the file. */
const MAX_NAMES = 16 * 1024 * 1024;

/** The types of Arrow, by number. */
export const TYPE = {
  integer: 2,
  float: 3,
  text: 5,
  bool: 6,
  date: 8,
  timestamp: 10,
  largeText: 20,
} as const;
/** Types whose buffers are none but those of what is below them, and others by how many buffers they have. */
const BUFFERS: Record<number, number> = {
  1: 0, // Null
  4: 3, // Binary
  5: 3,
  12: 2, // List
  13: 1, // Struct
  16: 1, // FixedSizeList
  17: 2, // Map
  19: 3, // LargeBinary
  20: 3,
  21: 2, // LargeList
  22: 0, // RunEndEncoded
  25: 3, // ListView
  26: 3, // LargeListView
};
const UNION = 14;
const BINARY_VIEW = 23;
const TEXT_VIEW = 24;
/** Why fields of some types are not read. */
const NAMES: Record<number, string> = {
  1: "it has nothing but nulls",
  4: "it has bytes, and does not say that they are text",
  7: "it has decimals",
  19: "it has bytes, and does not say that they are text",
  24: "its texts lie in views",
};

/** The fields of a schema, in order. */
export function readFields(
  schema: FlatTable,
  localTimes: LocalTimes,
): (ArrowColumn | OtherColumn)[] {
  let nodes = 0;
  let buffers = 0;
  let hasViews = false;
  let names = 0;

  /** Passes a field by, with those below it. */
  function pass(field: FlatTable): void {
    if (++nodes > MAX_FIELDS) throw new FlatProblem(`it has more than ${MAX_FIELDS} fields`);
    const type = field.number(2, 1);
    if (field.table(4) !== undefined) buffers += 2;
    else {
      hasViews ||= type === BINARY_VIEW || type === TEXT_VIEW;
      buffers += type === UNION ? (field.table(3)?.number(0, 2) === 1 ? 2 : 1) : BUFFERS[type] ?? 2;
      for (const child of field.tables(5)) pass(child);
    }
  }

  return Array.from(schema.tables(1), (field) => {
    const name = field.text(0) ?? "";
    if ((names += name.length) > MAX_NAMES) {
      throw new FlatProblem("the names of its fields are too long");
    }
    const place = { node: nodes, buffer: buffers };
    const isLate = hasViews; // how many buffers views have, each batch says anew
    pass(field);
    if (isLate) return { name, problem: "a column before it has views" };
    const isNested = nodes > place.node + 1;
    const values = valuesOf(field.number(2, 1), field.table(3), isNested, localTimes);
    if (typeof values === "string") return { name, problem: values };
    const column = { name, type: values.type, nullable: field.number(1, 1) !== 0 };
    const encoding = field.table(4);
    if (encoding === undefined) return { column, place, values };
    const index = indexOf(encoding.table(1));
    return { column, place, values, dictionary: { id: encoding.number(0, 8), index } };
  });
}

function valuesOf(
  type: number,
  details: FlatTable | undefined,
  isNested: boolean,
  localTimes: LocalTimes,
): Values | string {
  if (isNested) return "it is nested";
  switch (type) {
    case TYPE.integer:
      return integers(details?.number(0, 4) ?? 0, details?.number(1, 1) !== 0);
    case TYPE.float:
      switch (details?.number(0, 2)) {
        case 1:
          return fixed("number", 4, (view, at) => view.getFloat32(at, true));
        case 2:
          return fixed("number", 8, (view, at) => view.getFloat64(at, true));
      }
      return "it has numbers of 16 bits";
    case TYPE.text:
    case TYPE.largeText: {
      const offsetBytes = type === TYPE.text ? 4 : 8;
      return {
        type: "string",
        layout: { kind: "text", offsetBytes },
        read: never,
        text: createTextReader(),
      };
    }
    case TYPE.bool:
      return { type: "boolean", layout: { kind: "bits" }, read: never, text: never };
    case TYPE.date:
      return details?.number(0, 2, 1) === 0
        ? fixed("date", 4, (view, at) => exactDay(view.getInt32(at, true)))
        : fixed("date", 8, (view, at) => exactMoment(view.getBigInt64(at, true)));
    case TYPE.timestamp: {
      if (details?.text(1) === undefined && localTimes === "refuse") return LOCAL_TIMES_PROBLEM;
      const unit = UNITS[details?.number(0, 2) ?? 0];
      if (unit === undefined) throw new FlatProblem("its moments have a unit that there is not");
      return fixed("date", 8, (view, at) => exactMoment(view.getBigInt64(at, true), unit));
    }
  }
  return NAMES[type] ?? "its type is not known here";
}

/** Seconds, milliseconds, microseconds, nanoseconds. */
const UNITS = [{ milliseconds: 1000n }, {}, { perMillisecond: 1000n }, {
  perMillisecond: 1_000_000n,
}];

function integers(bits: number, signed: boolean): Values {
  switch (bits) {
    case 8:
      return fixed("number", 1, (view, at) => signed ? view.getInt8(at) : view.getUint8(at));
    case 16:
      return fixed(
        "number",
        2,
        (view, at) => signed ? view.getInt16(at, true) : view.getUint16(at, true),
      );
    case 32:
      return fixed(
        "number",
        4,
        (view, at) => signed ? view.getInt32(at, true) : view.getUint32(at, true),
      );
    case 64:
      return fixed("int64", 8, (view, at) => {
        return signed ? view.getBigInt64(at, true) : exactUnsigned(view.getBigUint64(at, true));
      });
  }
  throw new FlatProblem(`its numbers have ${bits} bits`);
}

/** The numbers of a dictionary: of 32 bits with a sign where nothing is said. */
function indexOf(type: FlatTable | undefined): Values {
  return type === undefined
    ? integers(32, true)
    : integers(type.number(0, 4), type.number(1, 1) !== 0);
}

function fixed(type: ColumnType, bytes: number, read: Values["read"]): Values {
  return { type, layout: { kind: "fixed", bytes }, read, text: never };
}

function never(): never {
  throw new FlatProblem("its values lie in another way");
}
