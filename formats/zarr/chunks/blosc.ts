// Blosc 1 chunks (https://github.com/Blosc/c-blosc/blob/main/README_CHUNK_FORMAT.rst): a header of
// 16 bytes, the offsets of blocks, and the blocks, each of one stream, or of one per byte of an
// element.
import zlib from "node:zlib";
import { viewOf } from "../../arrays/view_bytes.ts";
import { packLz4, unpackLz4 } from "../../compression/lz4.ts";
import { zstd } from "../../compression/zstd.ts";
import { corrupt, noZstd, unsupported } from "../errors.ts";

export interface BloscOptions {
  /** The codec of blocks. Written are `lz4` (also for its variants), `zlib` and `zstd`. */
  cname: "lz4" | "lz4hc" | "zlib" | "zstd";
  /** Effort from 0, uncompressed, to 9. */
  clevel: number;
  /** The filter: by bytes of elements, or by bits, which is written by bytes. */
  shuffle: "noshuffle" | "shuffle" | "bitshuffle";
  typesize: number;
  /** Bytes of a block; 0 is 256 KiB. */
  blocksize: number;
}

const HEADER = 16;
const FLAGS = { shuffle: 1, isCopy: 2, bits: 4, isWhole: 16 };
/** Codecs by the three upper bits of the flags. */
const PACKERS = ["blosclz", "lz4", "snappy", "zlib", "zstd"] as const;
/** Codecs of written blocks, by the same numbers. */
const WRITERS = { lz4: 1, lz4hc: 1, zlib: 3, zstd: 4 } as const;
const USUAL_BLOCK = 256 * 1024;
/** Blocks are split for elements up to this size, if streams are at least as long as the other. */
const MOST_STREAMS = 16;
const LEAST_STREAM = 128;

export function encodeBlosc(bytes: Uint8Array, options: BloscOptions): Uint8Array {
  const { cname, clevel, shuffle, typesize, blocksize } = options;
  const size = bytes.byteLength;
  if (size > 2 ** 31 - 1 - HEADER) {
    throw unsupported(
      "",
      `a chunk has ${size} bytes, Blosc limits it to 2 GiB`,
      "Use smaller chunks.",
    );
  }
  const block = blockBytes(size, typesize, blocksize);
  const isShuffled = shuffle !== "noshuffle" && typesize > 1;
  const packer = WRITERS[cname];
  const count = Math.ceil(size / block);
  const out = new Uint8Array(HEADER + size);
  const view = new DataView(out.buffer);
  const flags = packer << 5 | FLAGS.isWhole | (isShuffled ? FLAGS.shuffle : 0);
  out.set([2, 1, flags, Math.min(typesize, 255)]);
  view.setUint32(4, size, true);
  view.setUint32(8, block, true);
  let to = HEADER + 4 * count;
  for (let number = 0; number < count && clevel > 0; number++) {
    const part = bytes.subarray(number * block, (number + 1) * block);
    const plain = isShuffled ? shuffled(part, typesize) : part;
    const room = Math.min(part.length - 1, out.length - to - 4);
    const packed = room < 1 ? undefined : packBlock(packer, plain, { clevel, room });
    if (packed === undefined && to + 4 + plain.length > out.length) return copied(bytes, typesize);
    view.setUint32(HEADER + 4 * number, to, true);
    view.setUint32(to, (packed ?? plain).length, true);
    out.set(packed ?? plain, to + 4);
    to += 4 + (packed ?? plain).length;
  }
  if (clevel === 0 || to >= HEADER + size) return copied(bytes, typesize);
  view.setUint32(12, to, true);
  return out.subarray(0, to);
}

/** Returns the size of a block, a multiple of the element if there are several. */
function blockBytes(size: number, typesize: number, blocksize: number): number {
  const limit = Math.min(size, blocksize > 0 ? Math.max(blocksize, typesize) : USUAL_BLOCK);
  return Math.max(1, limit < size ? limit - limit % typesize : limit);
}

/** Makes an uncompressed chunk. */
function copied(bytes: Uint8Array, typesize: number): Uint8Array {
  const out = new Uint8Array(HEADER + bytes.byteLength);
  const view = new DataView(out.buffer);
  out.set([2, 1, 1 << 5 | FLAGS.isCopy, Math.min(typesize, 255)]);
  view.setUint32(4, bytes.byteLength, true);
  view.setUint32(8, Math.max(1, bytes.byteLength), true);
  view.setUint32(12, out.byteLength, true);
  out.set(bytes, HEADER);
  return out;
}

/** Compresses a block. Returns undefined if it exceeds `room` bytes. */
function packBlock(
  packer: number,
  plain: Uint8Array,
  { clevel, room }: { clevel: number; room: number },
): Uint8Array | undefined {
  if (packer === 1) return packLz4(plain, room);
  const level = zlib.constants.ZSTD_c_compressionLevel;
  if (packer !== 3 && zstd === undefined) throw noZstd();
  const packed = packer === 3
    ? zlib.deflateSync(plain, { level: clevel })
    : zstd!.zstdCompressSync(plain, { params: { [level]: clevel < 9 ? 2 * clevel - 1 : 22 } });
  return packed.length <= room ? packed : undefined;
}

/** Decompresses a chunk of up to `maxBytes`. */
export function decodeBlosc(key: string, stored: Uint8Array, maxBytes: number): Uint8Array {
  const view = viewOf(stored);
  if (stored.byteLength < HEADER) throw corrupt(key, "Blosc header is truncated");
  const damaged = () => corrupt(key, "invalid sizes in the Blosc header");
  const [version = 0, , flags = 0, typesize = 0] = stored;
  const field = (at: number) => view.getUint32(at, true);
  const [size, block, length] = [field(4), field(8), field(12)];
  if (version < 1 || version > 2) throw unsupported(key, `its Blosc chunk has version ${version}`);
  if (length !== stored.byteLength || size > maxBytes) throw damaged();
  if (size === 0) return new Uint8Array();
  if ((flags & FLAGS.isCopy) !== 0) {
    if (length !== HEADER + size) throw damaged();
    return stored.subarray(HEADER);
  }
  const count = Math.ceil(size / block);
  if (block === 0 || typesize === 0 || block > size || HEADER + 4 * count > length) throw damaged();
  const out = new Uint8Array(size);
  for (let number = 0; number < count; number++) {
    const start = number * block;
    const place = { view, flags, typesize, block, number, size: Math.min(block, size - start) };
    out.set(decodeBlock(key, stored, place), start);
  }
  return out;
}

interface BlockPlace {
  view: DataView;
  flags: number;
  typesize: number;
  block: number;
  number: number;
  size: number;
}

function decodeBlock(key: string, stored: Uint8Array, place: BlockPlace): Uint8Array {
  const { view, flags, typesize, block, number, size } = place;
  const isSplit = (flags & FLAGS.isWhole) === 0 && typesize <= MOST_STREAMS && size === block &&
    Math.floor(block / typesize) >= LEAST_STREAM;
  const streams = isSplit ? typesize : 1;
  const each = Math.floor(size / streams);
  const damaged = () => corrupt(key, `Blosc block ${number} is damaged`);
  if (each * streams !== size) throw damaged();
  const plain = new Uint8Array(size);
  let from = view.getUint32(HEADER + 4 * number, true);
  for (let stream = 0; stream < streams; stream++) {
    if (from + 4 > stored.length) throw damaged();
    const length = view.getUint32(from, true);
    if (from + 4 + length > stored.length) throw damaged();
    const packed = stored.subarray(from + 4, from + 4 + length);
    const unpacked = length === each
      ? packed
      : unpackBlock(key, flags >> 5, { packed, size: each });
    if (unpacked.length !== each) throw damaged();
    plain.set(unpacked, stream * each);
    from += 4 + length;
  }
  if ((flags & FLAGS.shuffle) !== 0 && typesize > 1) return unshuffled(plain, typesize);
  return (flags & FLAGS.bits) !== 0 && size >= typesize ? bitsUnshuffled(plain, typesize) : plain;
}

function unpackBlock(
  key: string,
  packer: number,
  { packed, size }: { packed: Uint8Array; size: number },
): Uint8Array {
  switch (PACKERS[packer]) {
    case "lz4":
      return unpackLz4(packed, size);
    case "zlib":
      return zlib.inflateSync(packed, { maxOutputLength: size });
    case "zstd":
      if (zstd === undefined) throw noZstd(key);
      return zstd.zstdDecompressSync(packed, { maxOutputLength: size });
    default: {
      throw unsupported(key, `its Blosc blocks use codec ${PACKERS[packer] ?? `number ${packer}`}`);
    }
  }
}

/** Sorts bytes by their position in the element. A partial element stays at the end. */
function shuffled(block: Uint8Array, typesize: number): Uint8Array {
  const count = Math.floor(block.length / typesize);
  const out = block.slice();
  for (let byte = 0, to = 0; byte < typesize; byte++) {
    for (let from = byte; to < (byte + 1) * count; from += typesize) out[to++] = block[from]!;
  }
  return out;
}

function unshuffled(block: Uint8Array, typesize: number): Uint8Array {
  const count = Math.floor(block.length / typesize);
  const out = block.slice();
  for (let byte = 0, from = 0; byte < typesize; byte++) {
    for (let to = byte; from < (byte + 1) * count; to += typesize) out[to] = block[from++]!;
  }
  return out;
}

/**
 * Restores the elements of a bit-shuffled block, which has a row for each bit of an element. Blosc
 * shuffles only blocks of a multiple of eight elements.
 */
function bitsUnshuffled(block: Uint8Array, typesize: number): Uint8Array {
  const count = Math.floor(block.length / typesize);
  const out = block.slice();
  if (count % 8 !== 0) return out;
  out.fill(0, 0, count * typesize);
  const rowBytes = count / 8;
  for (let byte = 0; byte < typesize; byte++) {
    for (let bit = 0; bit < 8; bit++) {
      const row = (byte * 8 + bit) * rowBytes;
      for (let at = 0; at < rowBytes; at++) {
        const bits = block[row + at]!;
        for (let element = 0; element < 8; element++) {
          out[(at * 8 + element) * typesize + byte]! |= (bits >> element & 1) << bit;
        }
      }
    }
  }
  return out;
}
