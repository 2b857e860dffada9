// Images: plain objects over a typed array, as the formats of images give and take them.
import { type DataOf, ELEMENTS, type NDArray } from "../arrays/ndarray.ts";
import { fault } from "../../core/errors.ts";

/** The types of samples in image files. Only TIFF holds all of them. */
export type ImageDType =
  | "uint8"
  | "uint16"
  | "uint32"
  | "uint64"
  | "int8"
  | "int16"
  | "int32"
  | "int64"
  | "float32"
  | "float64";

/** The kinds of samples, each once. */
export const IMAGE_DTYPES: readonly ImageDType[] = [
  ...["uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64"] as const,
  ...["float32", "float64"] as const,
];

/** An image: a plain object with these five members and no others. Unless `D` says otherwise, its samples are numbers. */
export interface Image<D extends ImageDType = Exclude<ImageDType, "int64" | "uint64">> {
  /** The samples, row by row from the top, the channels of a pixel side by side. */
  data: DataOf[D];
  /** Pixels in a row, 1 or more. */
  width: number;
  /** Rows, 1 or more. */
  height: number;
  /** Samples of a pixel, 1 or more: 1 is grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha, as far as a format says. */
  channels: number;
  dtype: D;
}

/** True for a plain object with exactly the members of an {@linkcode Image}, where the data has the class and length that they say. */
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
 * The image as an array over the same data: of shape `[height, width, channels]`, and of `[height, width]` where it has
 * one channel, as programs over NumPy have it.
 *
 * @example
 * ```ts
 * import { toArray, toImage } from "@holdfast/holdfast/formats/png";
 * import { assertEquals, assertStrictEquals } from "@std/assert";
 *
 * const image = { data: Uint8Array.of(0, 128, 255, 9, 9, 9), width: 2, height: 1, channels: 3, dtype: "uint8" } as
 * const; const array = toArray(image); assertEquals(array.shape, [1, 2, 3]); assertStrictEquals(array.data,
 * image.data); assertEquals(toImage(array), image);
 * ```
 */
export function toArray<D extends ImageDType>(
  { data, width, height, channels, dtype }: Image<D>,
): NDArray<D> {
  return { data, shape: channels === 1 ? [height, width] : [height, width, channels], dtype };
}

/**
 * The array as an image over the same data; `[height, width]` is one of one channel.
 *
 * @throws {RegistryError} `Unsupported` for another number of dimensions, for one of length 0, and for elements that
 * are not of an {@linkcode ImageDType}: nothing is cast
 */
export function toImage<D extends ImageDType>(array: NDArray<D>): Image<D> {
  const { data, shape, dtype } = array;
  const [height, width, channels = 1] = shape;
  const image = { data, width, height, channels, dtype };
  if ((shape.length === 2 || shape.length === 3) && isImage(image)) return image as Image<D>;
  throw fault({
    code: "Unsupported",
    action: "make an image of an array",
    state: `it is ${dtype} of shape (${shape.join(", ")})`,
    hint: `An image has ${
      IMAGE_DTYPES.join(", ")
    } elements, of shape [height, width] or [height, width, channels].`,
  });
}
