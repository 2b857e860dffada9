// The fields of an Arrow schema (https://github.com/apache/arrow/blob/main/format/Schema.fbs):
// their column types and their buffers.
import { Type } from "npm:@uwdata/flechette@2.6.0";
import { exactDay, exactMoment, exactUnsigned } from "../tables/exact_cells.ts";
import { LOCAL_TIMES_PROBLEM, type LocalTimes, type OtherColumn } from "../tables/parts.ts";
import type { Cell, Column, ColumnType, Numbers } from "../tables/table.ts";
import type { FlatField, FlatType } from "./messages.ts";

/** A typed array of the numbers in a buffer. */
// deno-lint-ignore no-explicit-any
export type Raw = any;

/** The physical layout and the type of the values of a field. */
export interface Values {
  type: ColumnType;
  /** Numbers, bits, strings between offsets of 4 or 8 bytes, or views of strings. */
  layout: "fixed" | "bits" | "text" | "views";
  array: { new (buffer: ArrayBuffer): Raw; BYTES_PER_ELEMENT: number };
  /** Converts values. Throws `InexactCell`. */
  toCells(values: Raw): Numbers | Cell[];
}

export interface ArrowColumn {
  column: Column;
  place: Place;
  values: Values;
  dictionary?: { id: number; index: Values };
}

/** The node and first buffer of a field in a batch, and the number of view fields before it. */
export interface Place {
  node: number;
  buffer: number;
  views: number;
}

/** Buffers of types, if not two. Views have more, counted in each batch. */
const BUFFERS: Record<number, number> = {
  [Type.Null]: 0,
  [Type.Binary]: 3,
  [Type.Utf8]: 3,
  [Type.Struct]: 1,
  [Type.FixedSizeList]: 1,
  [Type.LargeBinary]: 3,
  [Type.LargeUtf8]: 3,
  [Type.RunEndEncoded]: 0,
  [Type.ListView]: 3,
  [Type.LargeListView]: 3,
};
const BYTES = "it has bytes that are not declared as text";
const PROBLEMS: Record<number, string> = {
  [Type.Null]: "it has only nulls",
  [Type.Binary]: BYTES,
  [Type.LargeBinary]: BYTES,
  [Type.BinaryView]: BYTES,
  [Type.Decimal]: "it has decimals",
};

export function columnsOf(
  { fields, version }: { fields: readonly FlatField[]; version: number },
  localTimes: LocalTimes,
): (ArrowColumn | OtherColumn)[] {
  const next: Place = { node: 0, buffer: 0, views: 0 };
  function pass({ type }: FlatField): void {
    const { typeId, children = [] } = type;
    next.node++;
    if (typeId === Type.Utf8View || typeId === Type.BinaryView) next.views++;
    if (typeId === Type.Union) next.buffer += 1 + type.mode + (version < 4 ? 1 : 0);
    else next.buffer += BUFFERS[typeId] ?? 2;
    children.forEach(pass);
  }
  return fields.map((field) => {
    const { name, type, nullable } = field;
    const place = { ...next };
    pass(field);
    const isNested = (type.dictionary ?? type).children?.length;
    const values = isNested ? "it is nested" : valuesOf(type.dictionary ?? type, localTimes);
    if (typeof values === "string") return { name, problem: values };
    const column = { name, type: values.type, nullable };
    if (type.dictionary === undefined) return { column, place, values };
    const index = valuesOf(type.indices, localTimes) as Values;
    return { column, place, values, dictionary: { id: type.id, index } };
  });
}

function valuesOf(type: FlatType, localTimes: LocalTimes): Values | string {
  const fixed = (of: ColumnType, toCells: Values["toCells"]): Values => {
    return { type: of, layout: "fixed", array: type.values, toCells };
  };
  const text = (layout: "text" | "views", array: Values["array"]): Values => {
    return { type: "string", layout, array, toCells: (cells) => cells };
  };
  switch (type.typeId) {
    case Type.Int:
      if (type.bitWidth < 64) return fixed("number", (values) => new Float64Array(values));
      if (type.signed) return fixed("int64", (values) => values);
      return fixed("int64", (values) => BigInt64Array.from(values, exactUnsigned));
    case Type.Float:
      if (type.values === Uint16Array) return "it has 16-bit floats";
      return fixed("number", (values) => new Float64Array(values));
    case Type.Bool:
      return { type: "boolean", layout: "bits", array: Uint8Array, toCells: (cells) => cells };
    case Type.Utf8:
      return text("text", Int32Array);
    case Type.LargeUtf8:
      return text("text", BigInt64Array);
    case Type.Utf8View:
      return text("views", Int32Array);
    case Type.Date:
      return type.unit === 0
        ? fixed("date", (values) => Array.from(values as Int32Array, exactDay))
        : fixed("date", (values) => Array.from(values as BigInt64Array, (v) => exactMoment(v)));
    case Type.Timestamp: {
      if (!type.timezone && localTimes === "refuse") return LOCAL_TIMES_PROBLEM;
      const unit = UNITS[type.unit];
      const moment = (value: bigint) => exactMoment(value, unit);
      return fixed("date", (values) => Array.from(values as BigInt64Array, moment));
    }
  }
  return PROBLEMS[type.typeId] ?? "its type is unknown";
}

/** Seconds, milliseconds, microseconds, nanoseconds. */
const UNITS = [
  { milliseconds: 1000n },
  {},
  { perMillisecond: 1000n },
  { perMillisecond: 1_000_000n },
];
