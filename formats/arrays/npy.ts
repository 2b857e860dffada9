// Arrays as `.npy` files. Written in C order and this machine's byte order; Fortran order and the
// other byte order are converted when read.
import type { FileSource } from "../../core/materializer.ts";
import { concatBytes, iterableStream } from "../../core/bytes/bytes.ts";
import { fault } from "../../core/errors.ts";
import { countElements, type DType, ELEMENTS, type NDArray, type TypedArray } from "./ndarray.ts";
import { viewBytes } from "./view_bytes.ts";
import { corruptNpy, encodeNpyHeader, HOST_BIG_ENDIAN, parseNpyHeader } from "./npy_header.ts";
import type { NpyHeader } from "./npy_header.ts";

/** The media type of `.npy` files; there is no registered one. */
export const NPY_MEDIA_TYPE = "application/x-npy";

/** Up to this size header and elements are joined in memory, and loaded elements are copied out of what was read. */
const SMALL_BYTES = 65_536;
const CHUNK_BYTES = 1 << 20;

/** The bytes of a `.npy` file. The elements of a large array are copied piece by piece. */
export function encodeNpy(
  dtype: DType,
  shape: readonly number[],
  data: TypedArray,
): Uint8Array | FileSource {
  const header = encodeNpyHeader(dtype, shape);
  const elements = viewBytes(data);
  if (dtype === "bool") checkBool(elements);
  const size = header.byteLength + elements.byteLength;
  if (size <= SMALL_BYTES) return concatBytes([header, elements]);
  return { size, stream: () => iterableStream(chunksOf(header, elements)) };
}

async function* chunksOf(header: Uint8Array, elements: Uint8Array): AsyncIterable<Uint8Array> {
  yield header;
  for (let at = 0; at < elements.byteLength; at += CHUNK_BYTES) {
    yield elements.slice(at, at + CHUNK_BYTES);
  }
}

function checkBool(elements: Uint8Array): void {
  const place = elements.findIndex((byte) => byte > 1);
  if (place < 0) return;
  throw fault({
    code: "Unsupported",
    action: "save a bool array",
    state: `element ${place} is ${elements[place]}`,
    hint: "The elements of a bool array are 0 and 1; use uint8 for others.",
  });
}

/**
 * The array of a `.npy` file. Elements that lie aligned in `bytes` are used in place, without copying.
 *
 * @param path the file, for messages
 */
export function decodeNpy(bytes: Uint8Array, path: string): NDArray {
  const header = parseNpyHeader(bytes, path);
  checkNpySize(header, bytes.byteLength, path);
  return decodeElements(header, bytes.subarray(header.dataOffset));
}

/** Throws `Corrupt` where a file has not as many bytes as its header says. */
export function checkNpySize(
  { dtype, shape, dataOffset }: NpyHeader,
  size: number,
  path: string,
): void {
  const wanted = countElements(shape) * ELEMENTS[dtype].bytes;
  const found = size - dataOffset;
  if (wanted === found) return;
  throw corruptNpy(
    path,
    `its elements have ${found} bytes, its shape (${shape.join(", ")}) needs ${wanted}`,
  );
}

/** The array of these elements, as many as the header says: used in place where they are many and lie aligned. */
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
  const axes = shape.filter((length) => length !== 1); // the others move nothing, however many there are
  if (fortranOrder && axes.length > 1 && count > 0) {
    elements = toCOrder(elements, layout.bytes, axes);
  }
  const data = new layout.array(elements.buffer, elements.byteOffset, count * layout.lanes);
  return { data, shape, dtype };
}

/** A copy whose last index varies fastest, of elements whose first one does. Numbers are moved as words: no NaN changes. */
function toCOrder(elements: Uint8Array, itemBytes: number, shape: readonly number[]): Uint8Array {
  const words = itemBytes === 1 ? Uint8Array : itemBytes === 2 ? Uint16Array : Uint32Array;
  const perItem = itemBytes / words.BYTES_PER_ELEMENT;
  const source = new words(
    elements.buffer as ArrayBuffer,
    elements.byteOffset,
    elements.byteLength / words.BYTES_PER_ELEMENT,
  );
  const target = new words(source.length);
  const strides = shape.map((_, axis) => perItem * countElements(shape.slice(0, axis)));
  const index = shape.map(() => 0);
  let from = 0;
  for (let to = 0; to < target.length; to += perItem) {
    for (let word = 0; word < perItem; word++) target[to + word] = source[from + word];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis];
      if (++index[axis] < shape[axis]) break;
      from -= strides[axis] * shape[axis];
      index[axis] = 0;
    }
  }
  return new Uint8Array(target.buffer);
}

function swapBytes(elements: Uint8Array, laneBytes: number): void {
  const words = new Uint32Array(elements.buffer, elements.byteOffset, elements.byteLength >>> 2);
  if (laneBytes === 2) return swapPairs(elements);
  for (let at = 0; at < words.length; at++) words[at] = swapped(words[at]);
  if (laneBytes !== 8) return;
  for (let at = 0; at < words.length; at += 2) {
    [words[at], words[at + 1]] = [words[at + 1], words[at]];
  }
}

function swapped(word: number): number {
  return word << 24 | (word & 0xff00) << 8 | word >>> 8 & 0xff00 | word >>> 24;
}

function swapPairs(elements: Uint8Array): void {
  const words = new Uint16Array(elements.buffer, elements.byteOffset, elements.byteLength >>> 1);
  for (let at = 0; at < words.length; at++) words[at] = words[at] << 8 | words[at] >>> 8;
}
