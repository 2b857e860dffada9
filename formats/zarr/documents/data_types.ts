// Types of elements and fill values in documents, of version 3
// (https://zarr-specs.readthedocs.io/en/latest/v3/data-types/index.html), and of version 2 as
// NumPy's `typestr` (https://zarr-specs.readthedocs.io/en/latest/v2/v2.0.html#data-type-encoding).
import { HOST_BIG_ENDIAN } from "../../arrays/view_bytes.ts";
import { areTimes, type DType, ELEMENTS, type TypedArray } from "../../arrays/ndarray.ts";
import { shown } from "../../../core/naming/names.ts";
import { corrupt, invalid, unsupported } from "../errors.ts";
import type { ZarrValue } from "./metadata_text.ts";

/** The value of elements that were never written: of the dtype; a pair for complex numbers. */
export type FillValue = boolean | number | bigint | readonly [number, number];

/** The type letters of NumPy, which precede the number of bytes. */
const LETTERS = { bool: "b", int: "i", uint: "u", float: "f", complex: "c" };

const DTYPES = (Object.keys(ELEMENTS) as DType[]).filter((dtype) => !areTimes(dtype));
const BY_CODE = new Map(DTYPES.map((dtype) => [codeOf(dtype), dtype]));

function codeOf(dtype: DType): string {
  return LETTERS[dtype.replace(/\d+$/, "") as keyof typeof LETTERS] + ELEMENTS[dtype].bytes;
}

/** Returns the type and written byte order in version 2: `<u2`. */
export function typestrOf(dtype: DType): string {
  return (ELEMENTS[dtype].bytes === 1 ? "|" : "<") + codeOf(dtype);
}

export function parseTypestr(
  key: string,
  typestr: ZarrValue | undefined,
): { dtype: DType; isBigEndian: boolean } {
  const [, order, code = ""] = typeof typestr === "string" && /^([<>|])(.*)$/.exec(typestr) || [];
  const dtype = BY_CODE.get(code);
  if (dtype !== undefined && (order !== "|" || ELEMENTS[dtype].bytes === 1)) {
    return { dtype, isBigEndian: order === ">" };
  }
  throw unsupportedType(key, typestr);
}

export function parseDataType(key: string, dataType: ZarrValue | undefined): DType {
  if (DTYPES.includes(dataType as DType)) return dataType as DType;
  throw unsupportedType(key, dataType);
}

function unsupportedType(key: string, dataType: ZarrValue | undefined): Error {
  const type = typeof dataType === "string" ? shown(dataType) : "structured";
  return unsupported(key, `its elements of type ${type} are not supported numbers`);
}

/** Encodes a fill value in native byte order. Throws `Invalid` for one that is not of the dtype. */
export function fillBytes(path: string, dtype: DType, fill: FillValue): Uint8Array {
  const bytes = bytesOf(dtype, fill);
  if (bytes !== undefined && isSame(valueOf(dtype, bytes), fill)) return bytes;
  const hint = "Convert it first, e.g. with Math.fround for float32; nothing is rounded.";
  throw invalid(path, `its fill value ${shown(fill)} is not a ${dtype}`, hint);
}

function isSame(a: FillValue, b: FillValue): boolean {
  if (Array.isArray(a) && Array.isArray(b)) return a.every((part, i) => Object.is(part, b[i]));
  return Object.is(a, b) || typeof a === "bigint" && typeof b === "number" && a === BigInt(b);
}

/** Encodes an element, rounded to the nearest float. */
function bytesOf(dtype: DType, fill: FillValue): Uint8Array | undefined {
  const { bytes, lanes, array } = ELEMENTS[dtype];
  const data = new array(new ArrayBuffer(bytes), 0, lanes);
  const isSet = lanes === 2
    ? setPair(data as Float64Array, fill)
    : setNumber(data, dtype, dtype === "bool" ? numberOf(fill) : fill);
  return isSet ? new Uint8Array(data.buffer) : undefined;
}

/** Returns the number of a boolean; undefined for other values. */
function numberOf(fill: FillValue): number | undefined {
  return typeof fill === "boolean" ? Number(fill) : undefined;
}

function setPair(data: Float64Array, fill: FillValue): boolean {
  if (!Array.isArray(fill) || fill.length !== 2) return false;
  if (!fill.every((part) => typeof part === "number")) return false;
  data.set(fill);
  return true;
}

function setNumber(data: TypedArray, dtype: DType, fill: FillValue | undefined): boolean {
  if (typeof fill !== "number" && typeof fill !== "bigint") return false;
  const isInteger = /int/.test(dtype);
  if (isInteger && typeof fill === "number" && !Number.isInteger(fill)) return false;
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) {
    data[0] = BigInt(fill);
    return data[0] === BigInt(fill);
  }
  if (dtype === "float16" && data instanceof Uint16Array && fill !== 0) return false;
  data[0] = Number(fill);
  return !isInteger || data[0] === Number(fill);
}

export function valueOf(dtype: DType, element: Uint8Array): FillValue {
  const { lanes, array } = ELEMENTS[dtype];
  const [first = 0, second = 0] = new array(element.slice().buffer, 0, lanes);
  if (dtype === "bool") return first !== 0;
  return lanes === 2 ? [first as number, second as number] : first;
}

const NAMED = new Map([["NaN", NaN], ["Infinity", Infinity], ["-Infinity", -Infinity]]);

/** Parses the fill value of a document. In version 2, `null` is zero. */
export function parseFill(key: string, dtype: DType, fillValue: ZarrValue | undefined): Uint8Array {
  const { bytes, lanes } = ELEMENTS[dtype];
  if (fillValue === null) return new Uint8Array(bytes);
  const parts = lanes === 2 && Array.isArray(fillValue) && fillValue.length === 2
    ? fillValue
    : [fillValue];
  const laneBytes = bytes / lanes;
  const lane =
    (dtype === "complex64" ? "float32" : dtype === "complex128" ? "float64" : dtype) as DType;
  const laneValues = parts.map((part) => partOf(lane, part as ZarrValue, laneBytes));
  if (parts.length === lanes && laneValues.every((part) => part !== undefined)) {
    const element = new Uint8Array(bytes);
    laneValues.forEach((part, i) => element.set(part, i * laneBytes));
    return element;
  }
  throw corrupt(key, `its fill value is not a ${dtype}`);
}

function partOf(dtype: DType, laneValue: ZarrValue, bytes: number): Uint8Array | undefined {
  if (typeof laneValue === "string" && dtype.startsWith("float")) {
    const namedNumber = NAMED.get(laneValue);
    if (namedNumber !== undefined) return bytesOf(dtype, namedNumber) ?? halfBytes(laneValue);
    if (!/^0x[0-9a-fA-F]+$/.test(laneValue) || laneValue.length !== 2 + 2 * bytes) return undefined;
    const byteAt = (i: number) => parseInt(laneValue.slice(2 + 2 * i, 4 + 2 * i), 16);
    return hostOrder(Uint8Array.from({ length: bytes }, (_, i) => byteAt(i)));
  }
  if (dtype === "bool" && (laneValue === 0 || laneValue === 1)) {
    return bytesOf(dtype, laneValue === 1);
  }
  return typeof laneValue === "object" || typeof laneValue === "string"
    ? undefined
    : bytesOf(dtype, laneValue);
}

/** Encodes NaN and infinities as float16 on runtimes without it. */
function halfBytes(name: string): Uint8Array {
  return hostOrder(Uint8Array.of(name === "NaN" ? 0x7e : name === "Infinity" ? 0x7c : 0xfc, 0));
}

/** Converts big-endian bytes to native order. */
function hostOrder(bytes: Uint8Array): Uint8Array {
  return HOST_BIG_ENDIAN ? bytes : bytes.reverse();
}
/** Returns a fill value for documents: numbers, and strings for what JSON cannot express. */
export function fillText(dtype: DType, element: Uint8Array): ZarrValue {
  const { lanes, bytes } = ELEMENTS[dtype];
  const isHalfBits = dtype === "float16" && ELEMENTS.float16.array === Uint16Array as unknown;
  if (isHalfBits) return element.some((byte) => byte !== 0) ? `0x${hexOf(element)}` : 0;
  const value = valueOf(dtype, element);
  if (typeof value !== "object") return partText(value, element);
  return value.map((part, i) =>
    partText(part, element.subarray(i * bytes / lanes, (i + 1) * bytes / lanes))
  );
}

function partText(value: boolean | number | bigint, element: Uint8Array): ZarrValue {
  if (typeof value === "bigint") {
    return value >= -(2n ** 53n) && value <= 2n ** 53n ? Number(value) : value;
  }
  if (typeof value !== "number" || Number.isFinite(value)) return value;
  if (!Number.isNaN(value)) return String(value);
  const hex = hexOf(element);
  return /^7(e00|fc0{5}|ff80{12})$/.test(hex) ? "NaN" : `0x${hex}`;
}

function hexOf(element: Uint8Array): string {
  const digits = Array.from(hostOrder(element.slice()), (byte) => byte.toString(16));
  return digits.map((text) => text.padStart(2, "0")).join("");
}
