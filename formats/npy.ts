/**
 * N-dimensional arrays of numbers as `.npy` files, which NumPy reads and writes. The format is that of
 * <https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>.
 *
 * @module
 */
import { isNDArray } from "../core/bytes/ndarray.ts";
import type { NDArray } from "../core/bytes/ndarray.ts";
import { RegistryError } from "../core/errors.ts";
import type { Format } from "../core/format.ts";
import { decodeNpy, encodeNpy, NPY_MEDIA_TYPE } from "../core/bytes/npy.ts";

export type * from "../core/format.ts";
export type { DataOf, DType, NDArray, TypedArray } from "../core/bytes/ndarray.ts";

/**
 * Arrays as `{ data, shape, dtype }`: all bool, integer, float and complex types up to 64 bits a number, read in either
 * byte order, in C or Fortran order. Structured types, objects, texts and times are `Unsupported`.
 *
 * @example
 * ```ts
 * import { npy } from "@holdfast/holdfast/formats/npy";
 * import { assertEquals } from "@std/assert";
 *
 * const format = npy();
 * const array = { data: Uint16Array.of(1, 2, 3, 4), shape: [2, 2], dtype: "uint16" } as const;
 * const bytes = await format.encode(array) as Uint8Array;
 * const file = { path: "a.npy", size: bytes.byteLength, bytes: async () => bytes, stream: () => new Blob().stream() };
 * assertEquals(await format.decode(file), array);
 * ```
 */
export function npy(): Format<NDArray> {
  return {
    id: "npy",
    extensions: [".npy"],
    mediaType: NPY_MEDIA_TYPE,
    accepts: isNDArray,
    encode(array) {
      if (isNDArray(array)) return encodeNpy(array.dtype, array.shape, array.data);
      throw new RegistryError({
        code: "Unsupported",
        message: "Cannot save the value as .npy: it is no array",
        hint: "An array is { data, shape, dtype } and no more: a typed array of this dtype, as long as the shape says.",
      });
    },
    decode: async (file) => decodeNpy(await file.bytes(), file.path),
  };
}
