/**
 * N-dimensional arrays of numbers as `.npy` files
 * (<https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>).
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
import { fault } from "../core/errors.ts";
import { checkFile } from "./content/content.ts";
import { unwritable } from "./content/file_faults.ts";
import type { Format, FormatOptions } from "./content/format.ts";
import type { FileToDecode } from "../core/file_store.ts";
import { shown } from "../core/naming/names.ts";

/**
 * Arrays as `{ data, shape, dtype }`: bool, integer, float and complex types of up to 64 bits per
 * number, read in either byte order, in C or Fortran order. Times are integers in a
 * `BigInt64Array`; their dtype has the unit, as in NumPy: `datetime64[ns]`. Structured types,
 * objects, strings, and times in steps of several units (`datetime64[25s]`) are `Unsupported`.
 *
 * @example
 * ```ts
 * import { bytesFile } from "@holdfast/holdfast/files";
 * import { npy } from "@holdfast/holdfast/formats";
 * import { assertEquals } from "@std/assert";
 *
 * const array = { data: Uint16Array.of(1, 2, 3, 4), shape: [2, 2], dtype: "uint16" } as const;
 * const bytes = await npy().encode(array) as Uint8Array;
 * assertEquals(await npy().decode(bytesFile("a.npy", bytes)), array);
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
        throw unwritable(
          ".npy",
          `unknown dtype ${JSON.stringify(dtype)}`,
          "Use a NumPy dtype such as float32, or a time in steps of one unit: datetime64[ns].",
        );
      }
      throw unwritable(
        ".npy",
        "it is not an array",
        "Pass exactly { data, shape, dtype }: a typed array whose length is the product of shape.",
      );
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
  /** The first index on the first axis. @default 0 */
  start?: number;
  /** The index behind the last one. @default the length of the axis */
  stop?: number;
}

/** Bytes of the first read: nearly every header fits. */
const HEAD_BYTES = 4096;

/**
 * Reads `array[start:stop]`: the header and only these elements. Memory is that of the slice.
 *
 * @throws {RegistryError} `Invalid` for indices out of range, `Unsupported` for an array in Fortran
 * order with several axes, whose slices are scattered; else like {@linkcode npy}
 *
 * @example
 * ```ts
 * import { bytesFile } from "@holdfast/holdfast/files";
 * import { npy, readSlice } from "@holdfast/holdfast/formats";
 * import { assertEquals } from "@std/assert";
 *
 * const array = { data: Int16Array.of(1, 2, 3, 4, 5, 6), shape: [3, 2], dtype: "int16" } as const;
 * const file = bytesFile("a.npy", await npy().encode(array) as Uint8Array);
 * const { shape, data } = await readSlice(file, { start: 1, stop: 2 });
 * assertEquals([shape, ...data], [[1, 2], 3, 4]);
 * ```
 */
export async function readSlice(file: FileToDecode, options: SliceOptions = {}): Promise<NDArray> {
  checkFile(file, "read slice");
  const { signal } = options;
  const header = await readNpyHeader(file, signal);
  const { dtype, shape: [length, ...innerShape], fortranOrder, dataOffset } = header;
  const { start = 0, stop = length ?? 0 } = options;
  const failed = (code: "Invalid" | "Unsupported" | "Conflict", state: string, hint: string) => {
    const subject = `${shown(start)} to ${shown(stop)} of ${shown(file.path)}`;
    return fault({ code, action: "read", subject, state, hint });
  };
  if (
    length === undefined || ![start, stop].every(Number.isSafeInteger) || start < 0 ||
    stop < start || stop > length
  ) {
    throw failed(
      "Invalid",
      length === undefined
        ? "it is a single number, without axes"
        : `its first axis has ${length} elements`,
      "Pass 0 <= start <= stop <= the length of the first axis.",
    );
  }
  if (fortranOrder && header.shape.filter((length) => length > 1).length > 1) {
    const hint = "Load all of it, or save it in C order: numpy.ascontiguousarray(array).";
    throw failed("Unsupported", "it is in Fortran order", hint);
  }
  const each = countElements(innerShape) * ELEMENTS[dtype].bytes;
  const shape = [stop - start, ...innerShape];
  const range = { offset: dataOffset + start * each, length: (stop - start) * each };
  const bytes = range.length === 0 ? new Uint8Array() : await readAll(file.stream(range), signal);
  if (bytes.byteLength === range.length) {
    return decodeElements({ ...header, shape, fortranOrder: false }, bytes);
  }
  const state = `expected ${range.length} bytes, got ${bytes.byteLength}`;
  throw failed("Conflict", state, "Open it again: it may have changed.");
}

export async function readNpyHeader(
  file: FileToDecode,
  signal: AbortSignal | undefined,
): Promise<NpyHeader> {
  const head = async (most: number) => {
    const length = Math.min(most, file.size);
    if (length === 0) return new Uint8Array();
    return await readAll(file.stream({ offset: 0, length }), signal);
  };
  const first = await head(HEAD_BYTES);
  const isCut = first.byteLength >= 12 && headerEnd(first) > first.byteLength;
  const header = parseNpyHeader(isCut ? await head(12 + MAX_HEADER_BYTES) : first, file.path);
  checkNpySize(header, file.size, file.path);
  return header;
}

function headerEnd(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return bytes[6] === 1 ? 10 + view.getUint16(8, true) : 12 + view.getUint32(8, true);
}
