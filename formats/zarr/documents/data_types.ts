// Types of elements and fill values, as documents name them: of version 3 as its core specification
// lists them (https://zarr-specs.readthedocs.io/en/latest/v3/data-types/index.html), of version 2
// as NumPy's `typestr`
// (https://zarr-specs.readthedocs.io/en/latest/v2/v2.0.html#data-type-encoding).
import { areTimes, type DType, ELEMENTS, type TypedArray } from "../../arrays/ndarray.ts";
import { shown } from "../../../core/naming/names.ts";
import { corruptZarr, invalidZarr, unsupportedZarr } from "../errors.ts";
import type { ZarrValue } from "./metadata_text.ts";

/** What stands where nothing was written: a number of the array's type, two for complex ones, true or false for bool. */
export type FillValue = boolean | number | bigint | readonly [number, number];

/** The type letters of NumPy; behind them stands the number of bytes. */
const LETTERS: Readonly<Record<string, string>> = {
  bool: "b",
  int: "i",
  uint: "u",
  float: "f",
  complex: "c",
};

const DTYPES = (Object.keys(ELEMENTS) as DType[]).filter((dtype) => !areTimes(dtype));
const BY_CODE = new Map(DTYPES.map((dtype) => [codeOf(dtype), dtype]));

function codeOf(dtype: DType): string {
  return LETTERS[dtype.replace(/\d+$/, "")] + ELEMENTS[dtype].bytes;
}

/** `<u2`: a type and the byte order that is written, as version 2 has it. */
export function typestrOf(dtype: DType): string {
  return (ELEMENTS[dtype].bytes === 1 ? "|" : "<") + codeOf(dtype);
}

/** The type of a `typestr`, and whether its most significant byte comes first. */
export function parseTypestr(
  key: string,
  given: ZarrValue,
): { dtype: DType; isBigEndian: boolean } {
  const dtype = typeof given === "string" && /^[<>|]/.test(given)
    ? BY_CODE.get(given.slice(1))
    : undefined;
  if (
    dtype === undefined || given === null ||
    (given as string)[0] === "|" && ELEMENTS[dtype].bytes > 1
  ) {
    throw unsupportedType(key, given);
  }
  return { dtype, isBigEndian: (given as string)[0] === ">" };
}

/** The type that version 3 names. */
export function parseDataType(key: string, given: ZarrValue): DType {
  if (DTYPES.includes(given as DType)) return given as DType;
  throw unsupportedType(key, given);
}

function unsupportedType(key: string, given: ZarrValue): Error {
  const type = typeof given === "string" ? shown(given) : "structured";
  return unsupportedZarr(key, `its elements are of type ${type}, not numbers that JavaScript has`);
}

/** The bytes of one element of this value, in this machine's byte order, or `Invalid` where the type has no such value. */
export function fillBytes(path: string, dtype: DType, fill: FillValue): Uint8Array {
  const bytes = bytesOf(dtype, fill);
  if (bytes !== undefined && isSame(valueOf(dtype, bytes), fill)) return bytes;
  throw invalidZarr(
    path,
    `its fill value ${shown(fill)} is no ${dtype}`,
    "Nothing is rounded: Math.fround makes a float32 of a number.",
  );
}

function isSame(a: FillValue, b: FillValue): boolean {
  if (Array.isArray(a) && Array.isArray(b)) return a.every((part, i) => Object.is(part, b[i]));
  return Object.is(a, b) || typeof a === "bigint" && typeof b === "number" && a === BigInt(b);
}

/** The bytes of one element, the nearest where a type of floating point has not exactly this number. */
function bytesOf(dtype: DType, fill: FillValue): Uint8Array | undefined {
  const { bytes, lanes, array } = ELEMENTS[dtype];
  const data = new array(new ArrayBuffer(bytes), 0, lanes);
  const isSet = lanes === 2
    ? setPair(data as Float64Array, fill)
    : setNumber(data, dtype, dtype === "bool" ? numberOf(fill) : fill);
  return isSet ? new Uint8Array(data.buffer) : undefined;
}

/** The number that stands for true or false; undefined for other values. */
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
  if (dtype === "float16" && data instanceof Uint16Array && fill !== 0) return false; // no Float16Array here
  data[0] = Number(fill);
  return !isInteger || data[0] === Number(fill);
}

export function valueOf(dtype: DType, element: Uint8Array): FillValue {
  const { lanes, array } = ELEMENTS[dtype];
  const data = new array(element.slice().buffer, 0, lanes);
  if (dtype === "bool") return data[0] !== 0;
  return lanes === 2 ? [data[0] as number, data[1] as number] : data[0];
}

const NAMED: Readonly<Record<string, number>> = {
  "NaN": NaN,
  "Infinity": Infinity,
  "-Infinity": -Infinity,
};

/** The bytes of one element of the fill value that a document says; zeros where version 2 says `null`. */
export function parseFill(key: string, dtype: DType, given: ZarrValue | undefined): Uint8Array {
  const { bytes, lanes } = ELEMENTS[dtype];
  if (given === null) return new Uint8Array(bytes);
  const parts = lanes === 2 && Array.isArray(given) && given.length === 2 ? given : [given];
  const laneBytes = bytes / lanes;
  const lane =
    (dtype === "complex64" ? "float32" : dtype === "complex128" ? "float64" : dtype) as DType;
  const found = parts.map((part) => partOf(lane, part as ZarrValue, laneBytes));
  if (parts.length === lanes && found.every((part) => part !== undefined)) {
    const element = new Uint8Array(bytes);
    found.forEach((part, i) => element.set(part, i * laneBytes));
    return element;
  }
  throw corruptZarr(key, `its fill value is no ${dtype}`);
}

function partOf(dtype: DType, given: ZarrValue, bytes: number): Uint8Array | undefined {
  if (typeof given === "string" && dtype.startsWith("float")) {
    if (Object.hasOwn(NAMED, given)) return bytesOf(dtype, NAMED[given]) ?? halfBytes(given);
    if (!/^0x[0-9a-fA-F]+$/.test(given) || given.length !== 2 + 2 * bytes) return undefined;
    return hostOrder(
      Uint8Array.from({ length: bytes }, (_, i) => parseInt(given.slice(2 + 2 * i, 4 + 2 * i), 16)),
    );
  }
  if (dtype === "bool" && (given === 0 || given === 1)) return bytesOf(dtype, given === 1);
  return typeof given === "object" || typeof given === "string" ? undefined : bytesOf(dtype, given);
}

/** The three names as float16, where the runtime has none. */
function halfBytes(name: string): Uint8Array {
  return hostOrder(Uint8Array.of(name === "NaN" ? 0x7e : name === "Infinity" ? 0x7c : 0xfc, 0));
}

/** Bytes of which the most significant comes first, as this machine has them. */
function hostOrder(bytes: Uint8Array): Uint8Array {
  return HOST_BIG_ENDIAN ? bytes : bytes.reverse();
}

/** True where this machine's typed arrays have the most significant byte first. */
export const HOST_BIG_ENDIAN: boolean = new Uint8Array(Uint16Array.of(1).buffer)[0] === 0;

/** A fill value as documents say it: numbers, and texts for what JSON has no number for. */
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
  return Array.from(hostOrder(element.slice()), (byte) => byte.toString(16).padStart(2, "0")).join(
    "",
  );
}
