// Types of tensors, and their elements as typed arrays.
import { unsupported } from "../../core/errors.ts";
import { type DType, ELEMENTS, type TypedArray } from "../arrays/ndarray.ts";
import { HOST_BIG_ENDIAN, ownBytes, swapBytes, viewBytes } from "../arrays/view_bytes.ts";

/** The type of the elements of a {@linkcode Tensor}. */
export type TensorDType =
  | ("bool" | "int8" | "int16" | "int32" | "int64" | "uint8" | "uint16" | "uint32" | "uint64")
  | ("float16" | "float32" | "float64" | "complex64")
  | ("bfloat16" | "float8_e4m3fn" | "float8_e5m2" | "float8_e4m3fnuz" | "float8_e5m2fnuz")
  | ("float8_e8m0fnu" | "float6_e2m3" | "float6_e3m2" | "float4");

/**
 * An array of numbers of a model; an `NDArray` of one of its types is one, too. JavaScript has no
 * array for the types of 16 bits and less that are not IEEE 754: `data` of `bfloat16` are the bits
 * of each element in a `Uint16Array`, those of `float8_…` in a `Uint8Array`. `float6_…` and
 * `float4` are packed bytes. {@linkcode toFloat32} converts them.
 */
export interface Tensor {
  /** The elements in C order. */
  data: TypedArray;
  shape: readonly number[];
  dtype: TensorDType;
}

/** The layout of a type: its name in `.safetensors` files, and its bits. */
interface TensorLayout {
  name: string;
  bits: number;
  array: typeof Uint8Array | typeof Uint16Array | (typeof ELEMENTS)[DType]["array"];
  lanes: number;
}

const NATIVE: Partial<Record<TensorDType, string>> = {
  bool: "BOOL",
  int8: "I8",
  int16: "I16",
  int32: "I32",
  int64: "I64",
  uint8: "U8",
  uint16: "U16",
  uint32: "U32",
  uint64: "U64",
  float16: "F16",
  float32: "F32",
  float64: "F64",
  complex64: "C64",
};

const native = Object.entries(NATIVE).map(([dtype, name]) => {
  const { bytes, array, lanes } = ELEMENTS[dtype as DType];
  return [dtype, { name, bits: bytes * 8, array, lanes }] as const;
});
const raw = (name: string, bits: number): TensorLayout => ({
  name,
  bits,
  array: bits === 16 ? Uint16Array : Uint8Array,
  lanes: 1,
});

export const LAYOUTS = {
  ...Object.fromEntries(native),
  bfloat16: raw("BF16", 16),
  float8_e4m3fn: raw("F8_E4M3", 8),
  float8_e5m2: raw("F8_E5M2", 8),
  float8_e4m3fnuz: raw("F8_E4M3FNUZ", 8),
  float8_e5m2fnuz: raw("F8_E5M2FNUZ", 8),
  float8_e8m0fnu: raw("F8_E8M0", 8),
  float6_e2m3: raw("F6_E2M3", 6),
  float6_e3m2: raw("F6_E3M2", 6),
  float4: raw("F4", 4),
} as Readonly<Record<TensorDType, TensorLayout>>;

/** The types by their names in `.safetensors` files. */
export const DTYPES: ReadonlyMap<string, TensorDType> = new Map(
  Object.entries(LAYOUTS).map(([dtype, { name }]) => [name, dtype as TensorDType]),
);

/** Returns the bytes of so many elements; not whole if the last byte is not full. */
export function tensorBytes(dtype: TensorDType, elements: number): number {
  return elements * LAYOUTS[dtype].bits / 8;
}

/** Makes the elements of a tensor of little-endian bytes, which nothing else refers to. */
export function decodeTensor(dtype: TensorDType, bytes: Uint8Array): TypedArray {
  const { array, bits, lanes } = LAYOUTS[dtype];
  const own = ownBytes(bytes);
  const width = bits / 8 / lanes;
  if (HOST_BIG_ENDIAN && width > 1) swapBytes(own, width);
  return Reflect.construct(array, [own.buffer, 0, own.byteLength / Math.max(width, 1)]);
}

/** Returns the elements of a tensor as little-endian bytes, in place if they are. */
export function encodeTensor({ dtype, data }: Tensor): Uint8Array {
  const bytes = viewBytes(data);
  const width = LAYOUTS[dtype].bits / 8 / LAYOUTS[dtype].lanes;
  if (!HOST_BIG_ENDIAN || width <= 1) return bytes;
  const swapped = bytes.slice();
  swapBytes(swapped, width);
  return swapped;
}

/** Bits of exponent and mantissa, the bias, and how infinities and NaN are written. */
const FLOATS: Partial<
  Record<TensorDType, [exponent: number, mantissa: number, bias: number, kind: string]>
> = {
  float16: [5, 10, 15, "ieee"],
  bfloat16: [8, 7, 127, "ieee"],
  float8_e4m3fn: [4, 3, 7, "fn"],
  float8_e5m2: [5, 2, 15, "ieee"],
  float8_e4m3fnuz: [4, 3, 8, "fnuz"],
  float8_e5m2fnuz: [5, 2, 16, "fnuz"],
};

/**
 * Returns the elements of a tensor of floating-point numbers of up to 32 bits. Every one of them is
 * exact.
 *
 * @throws {RegistryError} `Unsupported` for integers, wider numbers, and packed ones of less than 8
 * bits
 *
 * @example
 * ```ts
 * import { toFloat32 } from "@holdfast/holdfast/formats";
 * import { assertEquals } from "@std/assert";
 *
 * const bits = Uint16Array.of(0x3fc0, 0xc000); // 1.5 and -2
 * const values = toFloat32({ data: bits, shape: [2], dtype: "bfloat16" });
 * assertEquals([...values], [1.5, -2]);
 * ```
 */
export function toFloat32({ data, dtype }: Tensor): Float32Array {
  if (dtype === "float32") return data as Float32Array;
  const { buffer, byteOffset, length } = data;
  if (dtype === "float8_e8m0fnu") {
    return Float32Array.from(data as Uint8Array, (bits) => bits === 255 ? NaN : 2 ** (bits - 127));
  }
  const layout = FLOATS[dtype];
  if (layout === undefined) {
    const state = `${dtype} is not a floating-point type of 8 to 32 bits`;
    throw unsupported("convert tensor", undefined, state, { hint: "Use its data as it is." });
  }
  const whole = LAYOUTS[dtype].bits === 16
    ? new Uint16Array(buffer, byteOffset, length)
    : new Uint8Array(buffer, byteOffset, length);
  return Float32Array.from(whole, (bits) => floatOf(bits, layout));
}

function floatOf(
  bits: number,
  [exponentBits, mantissaBits, bias, kind]: [number, number, number, string],
): number {
  const sign = bits >>> exponentBits + mantissaBits ? -1 : 1;
  const most = 2 ** exponentBits - 1;
  const exponent = bits >>> mantissaBits & most;
  const mantissa = bits & 2 ** mantissaBits - 1;
  if (kind === "fnuz" && sign < 0 && exponent === 0 && mantissa === 0) return NaN;
  if (kind === "fn" && exponent === most && mantissa === 2 ** mantissaBits - 1) return NaN;
  if (kind === "ieee" && exponent === most) return mantissa === 0 ? sign * Infinity : NaN;
  const fraction = mantissa / 2 ** mantissaBits;
  return exponent === 0
    ? sign * fraction * 2 ** (1 - bias)
    : sign * (1 + fraction) * 2 ** (exponent - bias);
}
