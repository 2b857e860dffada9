// Typed arrays as `.npy` files with one dimension.
import { fault } from "../core/errors.ts";
import { defineMaterializer } from "../core/materializer.ts";
import type { ClassMaterializer, FileSource } from "../core/materializer.ts";
import type { DType, TypedArray } from "../formats/arrays/ndarray.ts";
import { decodeNpy, encodeNpy, NPY_MEDIA_TYPE } from "../formats/arrays/npy.ts";
import { onlyFile } from "./only_file.ts";

interface TypedArrayClass {
  readonly name: string;
  readonly prototype: TypedArray;
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): TypedArray;
}

const CLASSES: readonly (readonly [TypedArrayClass | undefined, DType])[] = [
  [Int8Array, "int8"],
  [Int16Array, "int16"],
  [Int32Array, "int32"],
  [BigInt64Array, "int64"],
  [Uint8Array, "uint8"],
  [Uint8ClampedArray, "uint8"],
  [Uint16Array, "uint16"],
  [Uint32Array, "uint32"],
  [BigUint64Array, "uint64"],
  [globalThis.Float16Array, "float16"],
  [Float32Array, "float32"],
  [Float64Array, "float64"],
];

/** Saves a typed array as `CLASS.npy`, and loads one of the same class. Subclasses are refused. */
export function typedArray(): ClassMaterializer<TypedArray> {
  return defineMaterializer<TypedArray>({
    id: "typed-array",
    reopen: { module: import.meta.url, name: "typedArray" },
    accepts: isTypedArray,
    save: (value) => {
      const path = `${typedArrayName(value)}.npy`;
      return [{ path, content: encodeTypedArray(value), mediaType: NPY_MEDIA_TYPE }];
    },
    async load(artifact) {
      const file = onlyFile(artifact);
      const { path } = file.info;
      return decodeTypedArray(await file.bytes(), path.replace(/\.npy$/, ""), path);
    },
  });
}

/** Returns true for an instance of a typed array class, false for subclasses. */
export function isTypedArray(value: unknown): value is TypedArray {
  return ArrayBuffer.isView(value) && entryOf(value) !== undefined;
}

export function typedArrayName(value: TypedArray): string {
  return entryOf(value)![0]!.name;
}

export function encodeTypedArray(value: TypedArray): Uint8Array | FileSource {
  return encodeNpy(entryOf(value)![1], [value.length], value);
}

/** Decodes a `.npy` file as a typed array of the class `name`. */
export function decodeTypedArray(bytes: Uint8Array, name: string, path: string): TypedArray {
  const failed = (code: "Unsupported" | "Corrupt", state: string, hint: string) =>
    fault({ code, action: "load", subject: `"${path}"`, state, hint });
  const [known, dtype] = CLASSES.find(([known]) => known?.name === name) ?? [];
  const asArray = "ndarray().load(await registry.open(ref), {})";
  if (known === undefined) {
    const hint = `Load it in Deno, Bun or Node 24 and later, or with ${asArray}.`;
    throw failed("Unsupported", `this runtime does not support ${name}`, hint);
  }
  const array = decodeNpy(bytes, path);
  if (array.dtype === dtype && array.shape.length === 1) {
    const { buffer, byteOffset, length } = array.data;
    return new known(buffer, byteOffset, length);
  }
  const state = `its elements do not fit a ${name}`;
  throw failed("Corrupt", state, `Inspect it with ${asArray}.`);
}

function entryOf(value: ArrayBufferView): (typeof CLASSES)[number] | undefined {
  const prototype = Object.getPrototypeOf(value);
  return CLASSES.find(([known]) => known?.prototype === prototype);
}
