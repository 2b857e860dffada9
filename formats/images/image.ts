// Images: plain objects over a typed array, the values of all image formats.
import { type DataOf, ELEMENTS, type NDArray } from "../arrays/ndarray.ts";
import { unsupported } from "../../core/errors.ts";

/** All types of samples. Only TIFF supports all of them. */
export const IMAGE_DTYPES: readonly ImageDType[] = [
  ...["uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64"] as const,
  ...["float32", "float64"] as const,
];

/** The type of samples in image files. */
export type ImageDType =
  | ("uint8" | "uint16" | "uint32" | "uint64")
  | ("int8" | "int16" | "int32" | "int64")
  | ("float32" | "float64");

/** An image: a plain object with exactly these members. */
export interface Image<D extends ImageDType = Exclude<ImageDType, "int64" | "uint64">> {
  /** The samples, row by row from the top, the channels of a pixel side by side. */
  data: DataOf[D];
  /** Pixels in a row, 1 or more. */
  width: number;
  /** Rows, 1 or more. */
  height: number;
  /** Samples per pixel: usually 1 is gray, 2 gray and alpha, 3 RGB, 4 RGB and alpha. */
  channels: number;
  dtype: D;
}

/** Returns true for a valid {@linkcode Image} without other members. */
export function isImage(value: unknown): value is Image<ImageDType> {
  if (
    typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype
  ) return false;
  const { data, width, height, channels, dtype } = value as Partial<Image>;
  if (typeof dtype !== "string" || !IMAGE_DTYPES.includes(dtype as ImageDType)) return false;
  return [width, height, channels].every((side) => Number.isSafeInteger(side) && side! >= 1) &&
    ArrayBuffer.isView(data) && Object.getPrototypeOf(data) === ELEMENTS[dtype].array.prototype &&
    data.length === width! * height! * channels! && Reflect.ownKeys(value).length === 5;
}

/**
 * Returns an array over the same data, of shape `[height, width, channels]`, or `[height, width]`
 * for one channel, as NumPy programs expect it.
 *
 * @example
 * ```ts
 * import { toArray, toImage } from "@holdfast/holdfast/formats/png";
 * import { assertEquals, assertStrictEquals } from "@std/assert";
 *
 * const data = Uint8Array.of(0, 128, 255, 9, 9, 9);
 * const image = { data, width: 2, height: 1, channels: 3, dtype: "uint8" } as const;
 * const array = toArray(image);
 * assertEquals(array.shape, [1, 2, 3]);
 * assertStrictEquals(array.data, data);
 * assertEquals(toImage(array), image);
 * ```
 */
export function toArray<D extends ImageDType>(
  { data, width, height, channels, dtype }: Image<D>,
): NDArray<D> {
  return { data, shape: channels === 1 ? [height, width] : [height, width, channels], dtype };
}

/**
 * Returns an image over the same data; `[height, width]` becomes one channel.
 *
 * @throws {RegistryError} `Unsupported` for other shapes, a side of 0, and elements that are not of
 * an {@linkcode ImageDType}: nothing is cast
 */
export function toImage<D extends ImageDType>(array: NDArray<D>): Image<D> {
  const { data, shape, dtype } = array;
  const [height, width, channels = 1] = shape;
  const image = { data, width, height, channels, dtype };
  if ((shape.length === 2 || shape.length === 3) && isImage(image)) return image as Image<D>;
  const state = `it is ${dtype} of shape (${shape.join(", ")})`;
  const hint = `Use shape [height, width] or [height, width, channels] of ${
    IMAGE_DTYPES.join(", ")
  }.`;
  throw unsupported("convert array to image", undefined, state, { hint });
}
