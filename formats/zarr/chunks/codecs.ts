// The steps between the elements of a chunk and its bytes: of version 3 as
// https://zarr-specs.readthedocs.io/en/latest/v3/codecs/index.html lists them, of version 2 as
// `numcodecs` names them.
import { promisify } from "node:util";
import zlib from "node:zlib";
import { Buffer } from "node:buffer";
import { crc32c } from "../../../core/bytes/digest.ts";
import { type DType, ELEMENTS } from "../../arrays/ndarray.ts";
import { zstd } from "../../compression/zstd.ts";
import { messageOf } from "../../../core/errors.ts";
import { type BloscOptions, decodeBlosc, encodeBlosc } from "./blosc.ts";
import { copyBox, stridesOf } from "./copy_box.ts";
import { HOST_BIG_ENDIAN } from "../documents/data_types.ts";
import { corruptZarr, noZstd } from "../errors.ts";
import { checked, mostStoredBytes } from "./stored_bytes.ts";

export type BytesCodec =
  | { name: "gzip" | "zlib"; level: number }
  | { name: "zstd"; level: number; checksum: boolean }
  | ({ name: "blosc" } & Omit<BloscOptions, "typesize">)
  | { name: "crc32c" };

export interface ChunkCodecs {
  /** The axes in the order they are written. Absent: as they are. */
  order?: readonly number[];
  isBigEndian: boolean;
  steps: readonly BytesCodec[];
}

export interface ChunkKind {
  dtype: DType;
  shape: readonly number[];
  codecs: ChunkCodecs;
}

/** Up to this size bytes are packed at once; larger ones beside other work. */
const SMALL_BYTES = 128 * 1024;

/** The bytes of a chunk as they are stored. The elements are in C order and this machine's byte order, and stay as they are. */
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

/** The elements of a stored chunk, in C order and this machine's byte order; they may lie in the bytes that are given. */
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
    throw corruptZarr(key, `a chunk has ${bytes.byteLength} bytes, and should have ${size}`);
  }
  if (dtype === "bool" && bytes.some((byte) => byte > 1)) {
    throw corruptZarr(key, "a bool is neither 0 nor 1");
  }
  if (codecs.isBigEndian !== HOST_BIG_ENDIAN) bytes = swapped(bytes, dtype);
  if (codecs.order === undefined) return bytes;
  const written = codecs.order.map((axis) => shape[axis]);
  const back = codecs.order.map((_, axis) => codecs.order!.indexOf(axis));
  return permuted(bytes, { shape: written, order: back, bytes: itemBytes });
}

/** A copy whose axes stand in another order: axis `order[i]` becomes axis `i`. */
function permuted(
  elements: Uint8Array,
  { shape, order, bytes }: { shape: readonly number[]; order: readonly number[]; bytes: number },
): Uint8Array {
  const target = new Uint8Array(elements.byteLength);
  const written = order.map((axis) => shape[axis]);
  const strides = stridesOf(shape);
  const from = { bytes: elements, strides: order.map((axis) => strides[axis]), offset: 0 };
  copyBox(from, { bytes: target, strides: stridesOf(written), offset: 0 }, {
    shape: written,
    itemBytes: bytes,
  });
  return target;
}

/** A copy with the bytes of each number the other way round; the same where they have one byte. */
function swapped(elements: Uint8Array, dtype: DType): Uint8Array {
  const laneBytes = ELEMENTS[dtype].bytes / ELEMENTS[dtype].lanes;
  if (laneBytes === 1) return elements;
  const copy = elements.slice();
  const buffer = Buffer.from(copy.buffer, copy.byteOffset, copy.byteLength);
  if (laneBytes === 2) buffer.swap16();
  else if (laneBytes === 4) buffer.swap32();
  else buffer.swap64();
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
      return await run(zstd.zstdCompressSync, zstd.zstdCompress, bytes, {
        params,
        pledgedSrcSize: bytes.byteLength,
      });
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
        return await run(zstd.zstdDecompressSync, zstd.zstdDecompress, bytes, options);
      case "blosc":
        return decodeBlosc(key, bytes, options.maxOutputLength);
      case "crc32c":
        return checked(key, bytes);
    }
  } catch (cause) {
    if ((cause as Error).name === "RegistryError") throw cause;
    throw corruptZarr(
      key,
      `its ${step.name} data is damaged (${messageOf(cause).slice(0, 100)})`,
      cause,
    );
  }
}

type Sync<O> = (bytes: Uint8Array, options: O) => Uint8Array;
// deno-lint-ignore no-explicit-any -- Node's own types of the calls with a callback have many forms
type Async = (...args: any[]) => void;

/** Small ones at once, for a thread costs more than they do. The result is no `Buffer`: its `slice` is no copy. */
async function run<O>(
  now: Sync<O>,
  later: Async,
  bytes: Uint8Array,
  options: O,
): Promise<Uint8Array> {
  const done: Uint8Array = bytes.byteLength <= SMALL_BYTES
    ? now(bytes, options)
    : await (promisify(later) as (bytes: Uint8Array, options: O) => Promise<Uint8Array>)(
      bytes,
      options,
    );
  return new Uint8Array(done.buffer, done.byteOffset, done.byteLength);
}
