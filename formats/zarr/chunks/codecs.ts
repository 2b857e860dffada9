// The codecs of chunks, of version 3
// (https://zarr-specs.readthedocs.io/en/latest/v3/codecs/index.html) and of version 2, named as in
// `numcodecs`.
import { promisify } from "node:util";
import zlib from "node:zlib";
import { plainBytes } from "../../../core/bytes/bytes.ts";
import { crc32c } from "../../../core/bytes/digest.ts";
import { type DType, ELEMENTS } from "../../arrays/ndarray.ts";
import { zstd } from "../../compression/zstd.ts";
import { messageOf } from "../../../core/errors.ts";
import { itemAt } from "../../../core/faults/present.ts";
import { type BloscOptions, decodeBlosc, encodeBlosc } from "./blosc.ts";
import { copyBox, stridesOf } from "../../arrays/copy_box.ts";
import { HOST_BIG_ENDIAN, swapBytes, viewOf } from "../../arrays/view_bytes.ts";
import { corrupt, noZstd } from "../errors.ts";

export type BytesCodec =
  | { name: "gzip" | "zlib"; level: number }
  | { name: "zstd"; level: number; checksum: boolean }
  | ({ name: "blosc" } & Omit<BloscOptions, "typesize">)
  | { name: "crc32c" };

export interface ChunkCodecs {
  /** The order of axes in stored chunks. Absent: unchanged. */
  order?: readonly number[];
  isBigEndian: boolean;
  steps: readonly BytesCodec[];
}

export interface ChunkKind {
  dtype: DType;
  shape: readonly number[];
  codecs: ChunkCodecs;
}

/** Larger chunks are packed on another thread. */
const SMALL_BYTES = 128 * 1024;

/** Encodes a chunk of elements in C order and native byte order, without changing them. */
export async function encodeChunk(
  elements: Uint8Array,
  { dtype, shape, codecs }: ChunkKind,
): Promise<Uint8Array> {
  let bytes = elements;
  if (codecs.order !== undefined) {
    bytes = permuted(bytes, { shape, order: codecs.order, bytes: ELEMENTS[dtype].bytes });
  }
  if (codecs.isBigEndian !== HOST_BIG_ENDIAN) bytes = swapped(bytes, dtype);
  for (const step of codecs.steps) bytes = await pack(step, bytes, ELEMENTS[dtype].bytes);
  return bytes;
}

/** Decodes a chunk to elements in C order and native byte order, which may lie in `stored`. */
export async function decodeChunk(
  key: string,
  stored: Uint8Array,
  kind: ChunkKind,
): Promise<Uint8Array> {
  const { dtype, shape, codecs } = kind;
  const itemBytes = ELEMENTS[dtype].bytes;
  const size = shape.reduce((product, length) => product * length, itemBytes);
  let bytes = stored;
  for (const step of codecs.steps.toReversed()) bytes = await unpack(step, bytes, { key, size });
  if (bytes.byteLength !== size) {
    throw corrupt(key, `a chunk has ${bytes.byteLength} bytes, expected ${size}`);
  }
  if (dtype === "bool" && bytes.some((byte) => byte > 1)) {
    throw corrupt(key, "a bool is neither 0 nor 1");
  }
  if (codecs.isBigEndian !== HOST_BIG_ENDIAN) bytes = swapped(bytes, dtype);
  if (codecs.order === undefined) return bytes;
  const storedShape = codecs.order.map((axis) => itemAt(shape, axis));
  const back = codecs.order.map((_, axis) => codecs.order!.indexOf(axis));
  return permuted(bytes, { shape: storedShape, order: back, bytes: itemBytes });
}

/** Copies elements to another order of axes: axis `order[i]` becomes axis `i`. */
function permuted(
  elements: Uint8Array,
  { shape, order, bytes }: { shape: readonly number[]; order: readonly number[]; bytes: number },
): Uint8Array {
  const target = new Uint8Array(elements.byteLength);
  const targetShape = order.map((axis) => itemAt(shape, axis));
  const strides = stridesOf(shape);
  const from = { bytes: elements, strides: order.map((axis) => itemAt(strides, axis)), offset: 0 };
  const to = { bytes: target, strides: stridesOf(targetShape), offset: 0 };
  copyBox(from, to, { shape: targetShape, itemBytes: bytes });
  return target;
}

/** Copies elements with swapped byte order; single bytes are returned as they are. */
function swapped(elements: Uint8Array, dtype: DType): Uint8Array {
  const laneBytes = ELEMENTS[dtype].bytes / ELEMENTS[dtype].lanes;
  if (laneBytes === 1) return elements;
  const copy = elements.slice();
  swapBytes(copy, laneBytes);
  return copy;
}

async function pack(step: BytesCodec, bytes: Uint8Array, typesize: number): Promise<Uint8Array> {
  switch (step.name) {
    case "gzip":
      return await run(zlib.gzipSync, zlib.gzip, bytes, { level: step.level });
    case "zlib":
      return await run(zlib.deflateSync, zlib.deflate, bytes, { level: step.level });
    case "zstd": {
      if (zstd === undefined) throw noZstd();
      const { ZSTD_c_compressionLevel: level, ZSTD_c_checksumFlag: checksum } = zlib.constants;
      const params = { [level]: step.level, [checksum]: step.checksum ? 1 : 0 };
      const options = { params, pledgedSrcSize: bytes.byteLength };
      return await run(zstd.zstdCompressSync, zstd.zstdCompress, bytes, options);
    }
    case "blosc":
      return encodeBlosc(bytes, { ...step, typesize });
    case "crc32c": {
      const summed = new Uint8Array(bytes.byteLength + 4);
      summed.set(bytes);
      new DataView(summed.buffer).setUint32(bytes.byteLength, crc32c(bytes), true);
      return summed;
    }
  }
}

async function unpack(
  step: BytesCodec,
  bytes: Uint8Array,
  { key, size }: { key: string; size: number },
): Promise<Uint8Array> {
  const options = { maxOutputLength: mostStoredBytes(size) };
  try {
    switch (step.name) {
      case "gzip":
        return await run(zlib.gunzipSync, zlib.gunzip, bytes, options);
      case "zlib":
        return await run(zlib.inflateSync, zlib.inflate, bytes, options);
      case "zstd":
        if (zstd === undefined) throw noZstd(key);
        // Not in a thread: Deno 2.9 throws bytes after a frame where nothing can catch it.
        return plainBytes(zstd.zstdDecompressSync(bytes, options));
      case "blosc":
        return decodeBlosc(key, bytes, options.maxOutputLength);
      case "crc32c":
        return checked(key, bytes);
    }
  } catch (cause) {
    if ((cause as Error).name === "RegistryError") throw cause;
    throw corrupt(key, `${step.name} data is damaged (${messageOf(cause).slice(0, 100)})`, cause);
  }
}

type Sync<O> = (bytes: Uint8Array, options: O) => Uint8Array;
// deno-lint-ignore no-explicit-any
type Async = (...args: any[]) => void;

/** Runs small inputs at once, because a thread costs more. Never returns a `Buffer`. */
async function run<O>(
  now: Sync<O>,
  later: Async,
  bytes: Uint8Array,
  options: O,
): Promise<Uint8Array> {
  const inThread = () =>
    (promisify(later) as (bytes: Uint8Array, options: O) => Promise<Uint8Array>)(bytes, options);
  const done = bytes.byteLength <= SMALL_BYTES ? now(bytes, options) : await inThread();
  return new Uint8Array(done.buffer, done.byteOffset, done.byteLength); // no Buffer
}

/** Returns the largest size of a stored chunk: codecs barely expand incompressible data. */
export function mostStoredBytes(size: number): number {
  return size + Math.ceil(size / 64) + 64 * 1024;
}

/** Verifies and removes a CRC32C, four bytes, little-endian. */
export function checked(key: string, bytes: Uint8Array): Uint8Array {
  const end = bytes.byteLength - 4;
  if (end < 0 || viewOf(bytes).getUint32(end, true) !== crc32c(bytes.subarray(0, end))) {
    throw corrupt(key, "checksum mismatch");
  }
  return bytes.subarray(0, end);
}
