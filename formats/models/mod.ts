/**
 * Files of machine-learning models: tensors of `.safetensors` files by name, and what `.onnx`,
 * `.gguf` and PyTorch files say of themselves. Nothing in a file is ever executed: pickles stay
 * bytes.
 *
 * @module
 */
import type { FileToDecode } from "../../core/file_store.ts";
import { isRawContent, type RawContent } from "../content/content.ts";
import { unwritable } from "../content/file_faults.ts";
import type { Format } from "../content/format.ts";
import { readGguf } from "./gguf.ts";
import { readOnnx } from "./onnx.ts";
import { readPytorch } from "./pytorch.ts";
import { checkTensors, encodeTensors, readTensors } from "./safetensors.ts";
import { type TensorFile, tensorsProblem } from "./safetensors.ts";

export type { TypedArray } from "../arrays/ndarray.ts";
export type { RawContent } from "../content/content.ts";
export type * from "../content/format.ts";
export { describeModel, describeModelFolder } from "./describe.ts";
export type { ModelFacts, ModelFolderFacts, SafetensorsFacts } from "./describe.ts";
export type { GgufFacts } from "./gguf.ts";
export type { OnnxFacts, OnnxValue } from "./onnx.ts";
export type { PytorchFacts } from "./pytorch.ts";
export { openSafetensors } from "./safetensors.ts";
export type { OpenedTensors, TensorFile } from "./safetensors.ts";
export type { TensorInfo } from "./safetensors_header.ts";
export { toFloat32 } from "./tensors.ts";
export type { Tensor, TensorDType } from "./tensors.ts";

/**
 * Tensors by name. `.safetensors` files of any library are read; they are written as the library
 * does, wide types first. {@linkcode openSafetensors} reads single tensors.
 *
 * @example
 * ```ts
 * import { bytesFile } from "@holdfast/holdfast/files";
 * import { safetensors } from "@holdfast/holdfast/formats/models";
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

/** `.onnx` files as bytes. `describeModel` returns their inputs, outputs and operator sets. */
export function onnx(): Format<Uint8Array, RawContent> {
  return opaque("onnx", [".onnx"], readOnnx);
}

/** `.gguf` files as bytes. `describeModel` returns their architecture and quantization. */
export function gguf(): Format<Uint8Array, RawContent> {
  return opaque("gguf", [".gguf"], readGguf);
}

/** `.pt` and `.pth` files as bytes: PyTorch stores pickles, which can run any code. */
export function pytorch(): Format<Uint8Array, RawContent> {
  return opaque("pytorch", [".pt", ".pth"], readPytorch);
}

/** Makes a format whose value is the bytes of a file; a damaged header is `Corrupt`. */
function opaque(
  id: string,
  extensions: string[],
  read: (file: FileToDecode, signal?: AbortSignal) => Promise<unknown>,
): Format<Uint8Array, RawContent> {
  return {
    id,
    extensions,
    mediaType: "application/octet-stream",
    accepts: isRawContent,
    encode(value) {
      if (isRawContent(value)) return value;
      const hint = "Pass a Uint8Array, a Blob, a stream or a source of bytes.";
      throw unwritable(extensions[0]!, "it is not bytes", hint);
    },
    async decode(file, { signal } = {}) {
      await read(file, signal);
      return await file.bytes();
    },
  };
}
