/**
 * N-dimensional arrays of numbers as `.npy` files, which NumPy reads and writes. The format is that of
 * <https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>.
 *
 * @module
 */
import { readAll } from "../core/bytes/bytes.ts";
import { countElements, ELEMENTS, isNDArray, type NDArray } from "./arrays/ndarray.ts";
import {
  checkNpySize,
  decodeElements,
  decodeNpy,
  encodeNpy,
  NPY_MEDIA_TYPE,
} from "./arrays/npy.ts";
import { MAX_HEADER_BYTES, type NpyHeader, parseNpyHeader } from "./arrays/npy_header.ts";
import { fault, RegistryError } from "../core/errors.ts";
import { checkFile } from "./content/content.ts";
import type { Format, FormatOptions } from "./content/format.ts";
import type { FileToDecode } from "../core/file_store.ts";
import { shown } from "../core/naming/names.ts";

/**
 * Arrays as `{ data, shape, dtype }`: all bool, integer, float and complex types up to 64 bits a number, read in either
 * byte order, in C or Fortran order. Times are integers in a `BigInt64Array`, and their dtype has the unit, as in
 * NumPy: `datetime64[ns]`. Structured types, objects, strings, and times in steps of several units (`datetime64[25s]`)
 * are `Unsupported`.
 *
 * @example
 * ```ts
 * import { npy } from "@holdfast/holdfast/formats";
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
      const dtype = (array as Partial<NDArray> | null | undefined)?.dtype as unknown;
      if (typeof dtype === "string" && !Object.hasOwn(ELEMENTS, dtype)) {
        throw fault({
          code: "Unsupported",
          action: "save the value as .npy",
          state: `unknown dtype ${JSON.stringify(dtype)}`,
          hint:
            "Use a dtype of NumPy such as float32, or a time in steps of one unit, such as datetime64[ns].",
        });
      }
      throw fault({
        code: "Unsupported",
        action: "save the value as .npy",
        state: "it is no array",
        hint:
          "An array is { data, shape, dtype } and no more: a typed array of this dtype, as long as the shape says.",
      });
    },
    async decode(file, { signal } = {}) {
      const bytes = await file.bytes();
      signal?.throwIfAborted();
      return decodeNpy(bytes, file.path);
    },
  };
}

/** Options of {@linkcode readSlice}. */
export interface SliceOptions extends FormatOptions {
  /** The first index of the first axis. @default 0 */
  start?: number;
  /** The index behind the last one. @default the length of the axis */
  stop?: number;
}

/** What is read at first: the header of nearly every file, and little beside it. */
const HEAD_BYTES = 4096;

/**
 * Reads a part of an array, `array[start:stop]` in the words of NumPy: the header and, of the elements, only these.
 * Memory is that of the part.
 *
 * @throws {RegistryError} `Invalid` for indices that the first axis has not, `Unsupported` for an array in Fortran
 * order of more than one axis, whose parts lie everywhere; else as {@linkcode npy}
 *
 * @example
 * ```ts
 * import { npy, readSlice } from "@holdfast/holdfast/formats";
 * import { assertEquals } from "@std/assert";
 *
 * const bytes = await npy().encode({ data: Int16Array.of(1, 2, 3, 4, 5, 6), shape: [3, 2], dtype: "int16" }) as
 * Uint8Array; const blob = new Blob([bytes as Uint8Array<ArrayBuffer>]); const file = {
 *   path: "a.npy",
 *   size: blob.size,
 *   bytes: () => Promise.resolve(bytes),
 *   stream: ({ offset = 0, length = blob.size } = {}) => blob.slice(offset, offset + length).stream(),
 * };
 * const { shape, data } = await readSlice(file, { start: 1, stop: 2 });
 * assertEquals([shape, ...data], [[1, 2], 3, 4]);
 * ```
 */
export async function readSlice(file: FileToDecode, options: SliceOptions = {}): Promise<NDArray> {
  checkFile(file, "read a part of an array");
  const { signal } = options;
  const header = await readHeader(file, signal);
  const { dtype, shape: [length, ...rest], fortranOrder, dataOffset } = header;
  const { start = 0, stop = length } = options;
  if (
    length === undefined || ![start, stop].every(Number.isSafeInteger) || start < 0 ||
    stop < start || stop > length
  ) {
    throw new RegistryError({
      code: "Invalid",
      message: `Cannot read ${shown(start)} to ${shown(stop)} of ${shown(file.path)}: ` +
        (length === undefined
          ? "it is a single number, without axes"
          : `its first axis has ${length} elements`),
      hint: "start is at least 0, stop at most the length of the first axis and not before start.",
    });
  }
  if (fortranOrder && header.shape.filter((length) => length > 1).length > 1) {
    throw fault({
      code: "Unsupported",
      action: "read a part of",
      subject: shown(file.path),
      state: "it is in Fortran order",
      hint: "Load all of it, or save it in C order: numpy.ascontiguousarray(array).",
    });
  }
  const each = countElements(rest) * ELEMENTS[dtype].bytes;
  const shape = [stop - start, ...rest];
  const wanted = { offset: dataOffset + start * each, length: (stop - start) * each };
  const bytes = wanted.length === 0 ? new Uint8Array() : await readAll(file.stream(wanted), signal);
  if (bytes.byteLength === wanted.length) {
    return decodeElements({ ...header, shape, fortranOrder: false }, bytes);
  }
  throw fault({
    code: "Conflict",
    action: "read a part of",
    subject: shown(file.path),
    state: `it gave ${bytes.byteLength} of ${wanted.length} bytes`,
    hint: "Open it again: it may have changed meanwhile.",
  });
}

async function readHeader(file: FileToDecode, signal: AbortSignal | undefined): Promise<NpyHeader> {
  const head = async (most: number) => {
    const length = Math.min(most, file.size);
    return length === 0
      ? new Uint8Array()
      : await readAll(file.stream({ offset: 0, length }), signal);
  };
  const first = await head(HEAD_BYTES);
  const longest = 12 + MAX_HEADER_BYTES;
  const isCut = first.byteLength >= 12 && headerEnd(first) > first.byteLength;
  const header = parseNpyHeader(isCut ? await head(longest) : first, file.path);
  checkNpySize(header, file.size, file.path);
  return header;
}

/** Where a header says that it ends. */
function headerEnd(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return bytes[6] === 1 ? 10 + view.getUint16(8, true) : 12 + view.getUint32(8, true);
}
