// N-dimensional arrays of numbers: plain objects over a typed array.
/**
 * The typed array that holds the elements of each {@linkcode DType}, in C order (the last index varies fastest).
 * Elements of `datetime64[unit]` count this unit since 1970, and those of `timedelta64[unit]` count it; -2^63 is
 * NumPy's `NaT`.
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
  /** Signed, 8 bits. */
  int8: Int8Array;
  /** Signed, 16 bits. */
  int16: Int16Array;
  /** Signed, 32 bits. */
  int32: Int32Array;
  /** Signed, 64 bits. */
  int64: BigInt64Array;
  /** Unsigned, 8 bits. */
  uint8: Uint8Array;
  /** Unsigned, 16 bits. */
  uint16: Uint16Array;
  /** Unsigned, 32 bits. */
  uint32: Uint32Array;
  /** Unsigned, 64 bits. */
  uint64: BigUint64Array;
  /** `Float16Array`; where the runtime has none (Node 22), the bits of each number in a `Uint16Array`. */
  float16: Float16Array | Uint16Array;
  /** IEEE 754 single precision. */
  float32: Float32Array;
  /** IEEE 754 double precision. */
  float64: Float64Array;
  /** Two single precision numbers each: the real part, then the imaginary part. */
  complex64: Float32Array;
  /** Two double precision numbers each: the real part, then the imaginary part. */
  complex128: Float64Array;
}

/** The kinds of elements. */
export type DType = keyof DataOf;

/** Any typed array. */
export type TypedArray = DataOf[DType] | Uint8ClampedArray;

/** An n-dimensional array: a plain object with these three members and no others. */
export interface NDArray<D extends DType = DType> {
  /** The elements in C order. */
  data: DataOf[D];
  /** The length of each dimension; empty for a single number. */
  shape: readonly number[];
  /** What the elements are. */
  dtype: D;
}

/** What a {@linkcode DType} looks like in memory. */
export interface ElementLayout {
  /** Bytes of one element. */
  readonly bytes: number;
  /** Numbers of one element: two for complex ones. */
  readonly lanes: number;
  /** The class of the data. */
  readonly array: new (
    buffer: ArrayBufferLike,
    byteOffset: number,
    length: number,
  ) => DataOf[DType];
}

/** The types of times: in every unit of NumPy, and without a unit. */
const TIMES: readonly string[] = [
  "",
  ..."Y M W D h m s ms us ns ps fs as".split(" ").map((unit) => `[${unit}]`),
]
  .flatMap((unit) => [`datetime64${unit}`, `timedelta64${unit}`]);
const TIME_LAYOUT: ElementLayout = { bytes: 8, lanes: 1, array: BigInt64Array };

/** Whether the elements are times, which only `.npy` files hold. */
export function areTimes(dtype: unknown): boolean {
  return TIMES.includes(dtype as string);
}

/** Each dtype's layout. */
export const ELEMENTS: Readonly<Record<DType, ElementLayout>> = {
  ...Object.fromEntries(TIMES.map((name) => [name, TIME_LAYOUT])) as unknown as Record<
    DType,
    ElementLayout
  >,
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

/** The number of elements of a shape; more than 2^53 - 1 is not a safe integer. */
export function countElements(shape: readonly number[]): number {
  return shape.includes(0) ? 0 : shape.reduce((count, length) => count * length, 1);
}

/** True for a plain object with exactly `data`, `shape` and `dtype`, where the data has the class and length that they say. */
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
  if (!Array.isArray(shape)) return false;
  return Array.from(shape).every((length) =>
    Number.isSafeInteger(length) && length >= 0 && !Object.is(length, -0)
  );
}
