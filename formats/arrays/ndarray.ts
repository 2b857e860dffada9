// N-dimensional arrays of numbers: plain objects over a typed array.
/**
 * The typed array of each {@linkcode DType}, elements in C order (the last index varies fastest).
 * Elements of `datetime64[unit]` and `timedelta64[unit]` count units, the former since 1970; -2^63
 * is `NaT`.
 */
export interface DataOf extends
  Record<
    `${"datetime64" | "timedelta64"}${
      | ""
      | `[${"Y" | "M" | "W" | "D" | "h" | "m" | "s" | "ms" | "us" | "ns" | "ps" | "fs" | "as"}]`}`,
    BigInt64Array
  > {
  /** One byte each, 0 or 1. */
  bool: Uint8Array;
  int8: Int8Array;
  int16: Int16Array;
  int32: Int32Array;
  int64: BigInt64Array;
  uint8: Uint8Array;
  uint16: Uint16Array;
  uint32: Uint32Array;
  uint64: BigUint64Array;
  /** A `Float16Array`; on Node 22, which has none, the bits of each number in a `Uint16Array`. */
  float16: Float16Array | Uint16Array;
  float32: Float32Array;
  float64: Float64Array;
  /** Pairs of real and imaginary parts in single precision. */
  complex64: Float32Array;
  /** Pairs of real and imaginary parts in double precision. */
  complex128: Float64Array;
}

/** The type of elements. */
export type DType = keyof DataOf;

/** Any typed array. */
export type TypedArray = DataOf[DType] | Uint8ClampedArray;

/** An n-dimensional array: a plain object with exactly these members. */
export interface NDArray<D extends DType = DType> {
  /** The elements in C order. */
  data: DataOf[D];
  /** The length of each dimension; empty for a single number. */
  shape: readonly number[];
  dtype: D;
}

/** Memory layout of a {@linkcode DType}. */
interface ElementLayout {
  /** Bytes of an element. */
  readonly bytes: number;
  /** Numbers of an element: two for complex ones. */
  readonly lanes: number;
  readonly array: new (
    buffer: ArrayBufferLike,
    byteOffset: number,
    length: number,
  ) => DataOf[DType];
}

/** The types of times: each unit of NumPy, and no unit. */
const TIMES: readonly string[] = ["", ..."Y M W D h m s ms us ns ps fs as".split(" ")]
  .map((unit) => unit && `[${unit}]`)
  .flatMap((unit) => [`datetime64${unit}`, `timedelta64${unit}`]);
const TIME_LAYOUT: ElementLayout = { bytes: 8, lanes: 1, array: BigInt64Array };

/** Returns true for the types of times, which only `.npy` files support. */
export function areTimes(dtype: unknown): boolean {
  return TIMES.includes(dtype as string);
}

export const ELEMENTS: Readonly<Record<DType, ElementLayout>> = {
  ...Object.fromEntries(TIMES.map((name) => [name, TIME_LAYOUT])) as Record<DType, ElementLayout>,
  bool: { bytes: 1, lanes: 1, array: Uint8Array },
  int8: { bytes: 1, lanes: 1, array: Int8Array },
  int16: { bytes: 2, lanes: 1, array: Int16Array },
  int32: { bytes: 4, lanes: 1, array: Int32Array },
  int64: { bytes: 8, lanes: 1, array: BigInt64Array },
  uint8: { bytes: 1, lanes: 1, array: Uint8Array },
  uint16: { bytes: 2, lanes: 1, array: Uint16Array },
  uint32: { bytes: 4, lanes: 1, array: Uint32Array },
  uint64: { bytes: 8, lanes: 1, array: BigUint64Array },
  float16: { bytes: 2, lanes: 1, array: globalThis.Float16Array ?? Uint16Array },
  float32: { bytes: 4, lanes: 1, array: Float32Array },
  float64: { bytes: 8, lanes: 1, array: Float64Array },
  complex64: { bytes: 8, lanes: 2, array: Float32Array },
  complex128: { bytes: 16, lanes: 2, array: Float64Array },
};

/** Returns the number of elements of a shape; above 2^53 - 1 it is not a safe integer. */
export function countElements(shape: readonly number[]): number {
  return shape.includes(0) ? 0 : shape.reduce((count, length) => count * length, 1);
}

/** Returns the values of each axis, from lists such as a shape and its chunks. */
export function zipAxes<T extends unknown[]>(...lists: { [K in keyof T]: readonly T[K][] }): T[] {
  const [first = [], ...others] = lists as readonly (readonly unknown[])[];
  return first.map((value, axis) => [value, ...others.map((list) => list[axis])] as T);
}

/** Returns true for a valid {@linkcode NDArray} without other members. */
export function isNDArray(value: unknown): value is NDArray {
  if (
    typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype
  ) return false;
  const { data, shape, dtype } = value as Partial<NDArray>;
  if (typeof dtype !== "string" || !Object.hasOwn(ELEMENTS, dtype) || !isShape(shape)) return false;
  const { array, lanes } = ELEMENTS[dtype];
  return ArrayBuffer.isView(data) && Object.getPrototypeOf(data) === array.prototype &&
    data.length === countElements(shape) * lanes && Reflect.ownKeys(value).length === 3;
}

function isShape(shape: unknown): shape is number[] {
  return Array.isArray(shape) &&
    Array.from(shape).every((side) =>
      Number.isSafeInteger(side) && side >= 0 && !Object.is(side, -0)
    );
}
