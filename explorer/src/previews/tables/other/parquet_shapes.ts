// Values of Parquet as cells and as text, by the schema of a column.
import { isListLike, isMapLike } from "npm:hyparquet@1.31.5/src/schema.js";
import type { SchemaElement, SchemaTree } from "npm:hyparquet@1.31.5";
import { localText, utcText } from "../../../../../formats/tables/exact_cells.ts";
import type { Cell } from "../../../../../formats/tables/table.ts";
import { formatBytes } from "../../../format/format.ts";
import { shortNumber } from "../../../format/short_number.ts";
import type { Feature } from "./features.ts";
import { byteText, dayOf, digitsOf, hexOf, timeOf } from "./write_values.ts";

/** Writes the values of a column, or of a part of one. */
export interface Shape {
  /** As shown: `decimal(10, 2)`, `list<string>`. */
  readonly type: string;
  cellOf(value: unknown): Cell;
  /** Writes a value inside another one. */
  textOf(value: unknown): string;
}

/** Members of a value that are written. */
const MOST_MEMBERS = 100;

/** Returns how values of a column are written. */
export function shapeOf(node: SchemaTree): Shape | undefined {
  const { element: { repetition_type }, children } = node;
  const [only] = children;
  if (repetition_type === "REPEATED") return listOf(bareShapeOf(node));
  if (isMapLike(node)) {
    return only && mapOf(only);
  }
  if (isListLike(node) && only !== undefined) {
    const [item] = only.children;
    return listOf(item === undefined ? bareShapeOf(only) : shapeOf(item));
  }
  return bareShapeOf(node);
}

/** Returns the shape of one of a list. */
function bareShapeOf({ element, children }: SchemaTree): Shape | undefined {
  if (children.length === 0) return leafOf(element);
  const members = children.map((child) => [child.element.name, shapeOf(child)] as const);
  const known = members.flatMap(([name, shape]) => shape === undefined ? [] : [{ name, shape }]);
  if (known.length < members.length) return undefined;
  const type = `struct<${known.map(({ name, shape }) => `${name}: ${shape.type}`).join(", ")}>`;
  return nested(type, (value) => {
    const struct = value as Record<string, unknown>;
    const parts = known.map(({ name, shape }) =>
      `${JSON.stringify(name)}: ${textIn(shape, struct[name])}`
    );
    return `{${parts.join(", ")}}`;
  });
}

/** Returns the shape of a struct of `bytes` and `path`, as the file name and the size. */
export function mediaShape({ children }: SchemaTree, { media }: Feature = {}): Shape | undefined {
  const names = children.map(({ element }) => element.name).sort().join();
  if (media === undefined || names !== "bytes,path") return undefined;
  return nested(media, (value) => {
    const { path, bytes } = value as { path?: string | null; bytes?: Uint8Array | null };
    return [path ?? media, ...bytes ? [formatBytes(bytes.byteLength)] : []].join(", ");
  });
}

function nested(type: string, write: (value: unknown) => string): Shape {
  return { type, cellOf: (value) => value === null ? null : write(value), textOf: write };
}

function listOf(item: Shape | undefined): Shape | undefined {
  return item && nested(`list<${item.type}>`, (value) => {
    const items = Array.from(value as ArrayLike<unknown>);
    const shown = items.slice(0, MOST_MEMBERS).map((each) => textIn(item, each));
    return `[${shown.join(", ")}${items.length > MOST_MEMBERS ? ", …" : ""}]`;
  });
}

/** Keys are in the stored order, and may be there more than once. */
function mapOf({ element: { name: entriesName }, children }: SchemaTree): Shape | undefined {
  const [key, value] = ["key", "value"].map((wanted) => {
    const child = children.find(({ element: { name } }) => name === wanted);
    return child && shapeOf(child);
  });
  return key && value && nested(`map<${key.type}, ${value.type}>`, (map) => {
    const entries = (map as Record<string, { key: unknown; value: unknown }[]>)[entriesName] ?? [];
    const shown = entries.slice(0, MOST_MEMBERS).map((entry) =>
      `${textIn(key, entry.key)}: ${textIn(value, entry.value)}`
    );
    return `{${shown.join(", ")}${entries.length > MOST_MEMBERS ? ", …" : ""}}`;
  });
}

function textIn(shape: Shape, value: unknown): string {
  return value === null || value === undefined ? "null" : shape.textOf(value);
}

/** A leaf whose cells are written as they are, or in quotes. */
function leaf(type: string, read: (value: never) => Cell, isQuoted = false): Shape {
  return {
    type,
    cellOf: (value) => value === null ? null : read(value as never),
    textOf: (value) => {
      const text = String(read(value as never));
      return isQuoted ? JSON.stringify(text) : text;
    },
  };
}

/** Returns true for a column of text. */
export function isText({ type, converted_type, logical_type }: SchemaElement): boolean {
  const meaning = logical_type?.type ?? converted_type ?? "";
  return type === "BYTE_ARRAY" && ["STRING", "ENUM", "JSON", "UTF8"].includes(meaning);
}

function leafOf(element: SchemaElement): Shape | undefined {
  const { type, converted_type: converted, logical_type: logical } = element;
  const meaning = logical?.type ?? converted;
  if (meaning === "DECIMAL") return decimalOf(element);
  if (type === "BYTE_ARRAY" || type === "FIXED_LEN_BYTE_ARRAY") return bytesOf(element);
  if (type === "BOOLEAN") return leaf("boolean", (value: boolean) => value);
  if (type === "DOUBLE") return leaf("number", (value: number) => value);
  if (type === "FLOAT") return leaf("number", (value: number) => shortNumber(value, 32));
  if (type === "INT96") return leaf("date", (value: bigint) => localText(value, NANOS), true);
  if (meaning === "DATE") return leaf("date", dayOf, true);
  if (/^TIME/.test(meaning ?? "")) return timesOf(element);
  if (type === "INT32" || type === "INT64") return integerOf(element);
}

function bytesOf(element: SchemaElement): Shape {
  if (element.type === "BYTE_ARRAY") {
    return isText(element)
      ? leaf("string", (text: string) => text, true)
      : leaf("binary", hexOf, true);
  }
  const meaning = element.logical_type?.type ?? element.converted_type;
  if (meaning === "UUID") return leaf("uuid", uuidOf, true);
  return meaning === "FLOAT16" ? leaf("float16", halfOf) : leaf("binary", hexOf, true);
}

/** Returns the shape of times of a day, or of points in time. */
function timesOf(element: SchemaElement): Shape {
  const { converted_type: converted, logical_type: logical } = element;
  const unit = unitOf(element);
  if (!/^TIMESTAMP/.test(logical?.type ?? converted ?? "")) {
    return leaf("time", (value: number | bigint) => timeOf(BigInt(value), unit), true);
  }
  const isUtc = logical?.type !== "TIMESTAMP" || logical.isAdjustedToUTC;
  return leaf("date", (value: bigint) => (isUtc ? utcText : localText)(value, unit), true);
}

const [MILLIS, MICROS, NANOS] = [1n, 1000n, 1_000_000n];

/** Returns how many of the units of a time are a millisecond. */
function unitOf({ converted_type: converted, logical_type: logical }: SchemaElement): bigint {
  const unit = logical !== undefined && "unit" in logical
    ? logical.unit
    : `${converted}`.replace(/^.*_/, "");
  return unit === "MILLIS" ? MILLIS : unit === "MICROS" ? MICROS : NANOS;
}

function integerOf({ type, converted_type: converted, logical_type: logical }: SchemaElement) {
  const isUnsigned = converted?.startsWith("UINT") ||
    logical?.type === "INTEGER" && !logical.isSigned;
  if (type === "INT32") {
    return leaf("number", (value: number) => isUnsigned ? value >>> 0 : value);
  }
  return leaf("int64", (value: bigint) => isUnsigned ? BigInt.asUintN(64, value) : value);
}

function decimalOf(element: SchemaElement): Shape {
  const { logical_type: logical } = element;
  const { precision, scale = 0 } = logical?.type === "DECIMAL" ? logical : element;
  return leaf(
    `decimal(${precision}, ${scale})`,
    (value: number | bigint | Uint8Array) =>
      digitsOf(value instanceof Uint8Array ? signedOf(value) : BigInt(value), scale),
  );
}

/** Reads a signed integer, the first byte first. */
function signedOf(bytes: Uint8Array): bigint {
  let value = 0n;
  for (const byte of bytes) value = value << 8n | BigInt(byte);
  return BigInt.asIntN(bytes.length * 8, value);
}

function uuidOf(bytes: Uint8Array): string {
  return Array.from(bytes, byteText).join("").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

function halfOf(bytes: Uint8Array): number {
  const bits = (bytes[0] ?? 0) | (bytes[1] ?? 0) << 8;
  const [sign, exponent, fraction] = [bits >> 15 ? -1 : 1, bits >> 10 & 31, bits & 1023];
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  const value = exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15);
  return shortNumber(sign * value, 16);
}
