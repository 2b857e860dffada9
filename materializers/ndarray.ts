// N-dimensional arrays of numbers, as `.npy` files that NumPy reads.
import { type ClassMaterializer, defineMaterializer } from "../core/materializer.ts";
import { isNDArray, type NDArray } from "../formats/arrays/ndarray.ts";
import { decodeNpy, encodeNpy, NPY_MEDIA_TYPE } from "../formats/arrays/npy.ts";
import { onlyFile } from "./only_file.ts";

/**
 * Saves `{ data, shape, dtype }` as `array.npy`. Of any other artifact of one `.npy` file, such as a `localPath` that
 * NumPy wrote, `ndarray().load(await registry.open(ref), {})` gives the array: all bool, integer, float and complex
 * types up to 64 bits a number, in either byte order, in C or Fortran order. Structured types, objects, texts and times
 * are `Unsupported`.
 *
 * @example
 * ```ts
 * import { createMemoryBackend, defineArtifact, openRegistry } from "@holdfast/holdfast";
 * import { ndarray } from "@holdfast/holdfast/materializers";
 * import { assertEquals } from "@std/assert";
 *
 * await using registry = await openRegistry(createMemoryBackend());
 * const weights = defineArtifact("weights", ndarray());
 * await registry.save(weights, { data: Float32Array.of(1, 2, 3, 4, 5, 6), shape: [2, 3], dtype: "float32" });
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
