// Arrays as `.npy` files. Written in C order and native byte order; other orders are converted when
// read.
import type { FileSource } from "../../core/materializer.ts";
import { unsupported } from "../../core/errors.ts";
import { copyBox, stridesOf } from "./copy_box.ts";
import { countElements, type DType, ELEMENTS, type NDArray, type TypedArray } from "./ndarray.ts";
import { HOST_BIG_ENDIAN, joinElements, SMALL_BYTES, swapBytes, viewBytes } from "./view_bytes.ts";
import { corruptNpy, encodeNpyHeader, type NpyHeader, parseNpyHeader } from "./npy_header.ts";

/** The usual media type of `.npy` files; none is registered. */
export const NPY_MEDIA_TYPE = "application/x-npy";

/** Encodes a `.npy` file. The elements of a large array are copied piece by piece. */
export function encodeNpy(
  dtype: DType,
  shape: readonly number[],
  data: TypedArray,
): Uint8Array | FileSource {
  const elements = viewBytes(data);
  if (dtype === "bool") checkBool(elements);
  return joinElements(encodeNpyHeader(dtype, shape), elements);
}

function checkBool(elements: Uint8Array): void {
  const place = elements.findIndex((byte) => byte > 1);
  if (place < 0) return;
  throw unsupported("save bool array", undefined, `element ${place} is ${elements[place]}`, {
    hint: "Use only 0 and 1, or the dtype uint8.",
  });
}

/** Decodes a `.npy` file. Large, aligned elements are used in place, without copying. */
export function decodeNpy(bytes: Uint8Array, path: string): NDArray {
  const header = parseNpyHeader(bytes, path);
  checkNpySize(header, bytes.byteLength, path);
  return decodeElements(header, bytes.subarray(header.dataOffset));
}

/** Throws `Corrupt` if the size of a file does not match its header. */
export function checkNpySize(
  { dtype, shape, dataOffset }: NpyHeader,
  size: number,
  path: string,
): void {
  const expectedBytes = countElements(shape) * ELEMENTS[dtype].bytes;
  const elementBytes = size - dataOffset;
  if (expectedBytes === elementBytes) return;
  throw corruptNpy(
    path,
    `${elementBytes} bytes of elements, shape (${shape.join(", ")}) needs ${expectedBytes}`,
  );
}

/** Makes an array of these elements, in place if they are large, aligned and in native order. */
export function decodeElements(
  { dtype, bigEndian, fortranOrder, shape }: NpyHeader,
  bytes: Uint8Array,
): NDArray {
  const layout = ELEMENTS[dtype];
  const count = countElements(shape);
  const laneBytes = layout.bytes / layout.lanes;
  const swap = laneBytes > 1 && bigEndian !== HOST_BIG_ENDIAN;
  const aligned = bytes.byteOffset % laneBytes === 0;
  let elements = swap || !aligned || bytes.byteLength <= SMALL_BYTES
    ? new Uint8Array(bytes)
    : bytes;
  if (swap) swapBytes(elements, laneBytes);
  const axes = shape.filter((length) => length !== 1); // the others do not affect the order
  if (fortranOrder && axes.length > 1 && count > 0) {
    elements = toCOrder(elements, layout.bytes, axes);
  }
  const data = new layout.array(elements.buffer, elements.byteOffset, count * layout.lanes);
  return { data, shape, dtype };
}

/** Copies elements from Fortran to C order. */
function toCOrder(bytes: Uint8Array, itemBytes: number, shape: readonly number[]): Uint8Array {
  const target = new Uint8Array(bytes.byteLength);
  const strides = shape.map((_, axis) => countElements(shape.slice(0, axis)));
  const from = { bytes, strides, offset: 0 };
  copyBox(from, { bytes: target, strides: stridesOf(shape), offset: 0 }, { shape, itemBytes });
  return target;
}
