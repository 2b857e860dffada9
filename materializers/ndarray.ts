// N-dimensional arrays of numbers as `.npy` files.
import { type ClassMaterializer, defineMaterializer } from "../core/materializer.ts";
import { isNDArray, type NDArray } from "../formats/arrays/ndarray.ts";
import { decodeNpy, encodeNpy, NPY_MEDIA_TYPE } from "../formats/arrays/npy.ts";
import { onlyFile } from "./only_file.ts";

/**
 * Saves `{ data, shape, dtype }` as `array.npy`. Loads any artifact of one `.npy` file, such as a
 * `localPath` that NumPy wrote: `ndarray().load(await registry.open(ref), {})`. Supports bool,
 * integer, float and complex types of up to 64 bits per number, in either byte order, in C or
 * Fortran order, and times. Structured types, objects and strings are `Unsupported`.
 *
 * @example
 * ```ts
 * import { createMemoryBackend, defineArtifact, openRegistry } from "@holdfast/holdfast";
 * import { ndarray } from "@holdfast/holdfast/materializers";
 * import { assertEquals } from "@std/assert";
 *
 * await using registry = await openRegistry(createMemoryBackend());
 * const weights = defineArtifact("weights", ndarray());
 * const data = Float32Array.of(1, 2, 3, 4, 5, 6);
 * await registry.save(weights, { data, shape: [2, 3], dtype: "float32" });
 * assertEquals((await registry.load(weights)).shape, [2, 3]);
 * ```
 */
export function ndarray(): ClassMaterializer<NDArray> {
  return defineMaterializer<NDArray>({
    id: "ndarray",
    reopen: { module: import.meta.url, name: "ndarray" },
    accepts: isNDArray,
    save: ({ data, shape, dtype }) => [
      { path: "array.npy", content: encodeNpy(dtype, shape, data), mediaType: NPY_MEDIA_TYPE },
    ],
    async load(artifact) {
      const file = onlyFile(artifact);
      return decodeNpy(await file.bytes(), file.info.path);
    },
  });
}
