// Files of machine-learning models: tensors of `.safetensors` files by name.
import type { Format } from "./content/format.ts";
import { checkTensors, encodeTensors, readTensors } from "./safetensors/tensor_file.ts";
import { type TensorFile, tensorsProblem } from "./safetensors/tensor_file.ts";

export { describeTensors, type SafetensorsFacts } from "./safetensors/describe.ts";
export { openSafetensors } from "./safetensors/tensor_file.ts";
export type { OpenedTensors, TensorFile } from "./safetensors/tensor_file.ts";
export type { TensorInfo } from "./safetensors/header.ts";
export { toFloat32 } from "./safetensors/tensors.ts";
export type { Tensor, TensorDType } from "./safetensors/tensors.ts";

/**
 * Tensors by name. `.safetensors` files of any library are read; they are written as the library
 * does, wide types first. {@linkcode openSafetensors} reads single tensors.
 *
 * @example
 * ```ts
 * import { bytesFile } from "@holdfast/holdfast/files";
 * import { safetensors } from "@holdfast/holdfast/formats";
 * import { assertEquals } from "@std/assert";
 *
 * const bias = { data: Int32Array.of(1, 2), shape: [2], dtype: "int32" } as const;
 * const value = { tensors: { bias }, metadata: { format: "pt" } };
 * const bytes = await safetensors().encode(value) as Uint8Array;
 * assertEquals(await safetensors().decode(bytesFile("a.safetensors", bytes)), value);
 * ```
 */
export function safetensors(): Format<TensorFile> {
  return {
    id: "safetensors",
    extensions: [".safetensors"],
    mediaType: "application/octet-stream",
    accepts: (value) => tensorsProblem(value) === undefined,
    encode(value) {
      checkTensors(value);
      return encodeTensors(value);
    },
    decode: async (file, { signal } = {}) => await readTensors(file, signal),
  };
}
