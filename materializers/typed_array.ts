// Typed arrays, as `.npy` files with one dimension.
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

/** Saves a typed array as `<its class>.npy`, and gives back one of the same class. Subclasses are not taken. */
export function typedArray(): ClassMaterializer<TypedArray> {
  return defineMaterializer<TypedArray>({
    id: "typed-array",
    reopen: { module: import.meta.url, name: "typedArray" },
    accepts: isTypedArray,
    save: (value) => [
      {
        path: `${typedArrayName(value)}.npy`,
        content: encodeTypedArray(value),
        mediaType: NPY_MEDIA_TYPE,
      },
    ],
    async load(artifact) {
      const file = onlyFile(artifact);
      const { path } = file.info;
      return decodeTypedArray(await file.bytes(), path.replace(/\.npy$/, ""), path);
    },
  });
}

/** True for an instance of a typed array class itself. */
export function isTypedArray(value: unknown): value is TypedArray {
  return ArrayBuffer.isView(value) && entryOf(value) !== undefined;
}

/** The name of a typed array's class. */
export function typedArrayName(value: TypedArray): string {
  return entryOf(value)![0]!.name;
}

/** The bytes of the `.npy` file of a typed array. */
export function encodeTypedArray(value: TypedArray): Uint8Array | FileSource {
  return encodeNpy(entryOf(value)![1], [value.length], value);
}

/**
 * The typed array of a `.npy` file.
 *
 * @param name its class
 * @param path the file, for messages
 */
export function decodeTypedArray(bytes: Uint8Array, name: string, path: string): TypedArray {
  const [known, dtype] = CLASSES.find(([known]) => known?.name === name) ?? [];
  if (known === undefined) {
    throw fault({
      code: "Unsupported",
      action: "load",
      subject: `"${path}"`,
      state: `this runtime has no class ${name}`,
      hint:
        "Load it in Deno, Bun or Node 24 and later, or as ndarray().load(await registry.open(ref), {}).",
    });
  }
  const array = decodeNpy(bytes, path);
  if (array.dtype === dtype && array.shape.length === 1) {
    const { buffer, byteOffset, length } = array.data;
    return new known(buffer, byteOffset, length);
  }
  throw fault({
    code: "Corrupt",
    action: "load",
    subject: `"${path}"`,
    state: `its elements are not those of a ${name}`,
    hint: "See what it holds by ndarray().load(await registry.open(ref), {}).",
  });
}

function entryOf(value: ArrayBufferView): (typeof CLASSES)[number] | undefined {
  const prototype = Object.getPrototypeOf(value);
  return CLASSES.find(([known]) => known?.prototype === prototype);
}
