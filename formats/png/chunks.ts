// The chunks of a PNG file (https://www.w3.org/TR/png-3/), checked before anything is decoded:
// their kinds and order, and the length of the data.
import { viewOf } from "../arrays/view_bytes.ts";
import { Readable } from "node:stream";
import { crc32, createInflate } from "node:zlib";
import { concatBytes } from "../../core/bytes/bytes.ts";
import { checkPixels, corruptImage, unsupportedImage } from "../images/image_file.ts";

/** Types of color, clause 11.2.1. */
const GREY = 0;
const RGB = 2;
export const INDEXED = 3;

/** Samples per pixel and allowed depths of each type of color. */
const COLORS: Record<number, { samples: number; depths: readonly number[] } | undefined> = {
  [GREY]: { samples: 1, depths: [1, 2, 4, 8, 16] },
  [RGB]: { samples: 3, depths: [8, 16] },
  [INDEXED]: { samples: 1, depths: [1, 2, 4, 8] },
  4: { samples: 2, depths: [8, 16] },
  6: { samples: 4, depths: [8, 16] },
};
type Pass = readonly [x: number, y: number, stepX: number, stepY: number];
const PASSES = [
  ...[[0, 0, 8, 8], [4, 0, 8, 8], [0, 4, 4, 8], [2, 0, 4, 4]],
  ...[[0, 2, 2, 4], [1, 0, 2, 2], [0, 1, 1, 2]],
] as const;

/** Returns the passes of an image: first x and y, step of x and y. */
export function passesOf(interlaced: boolean): readonly Pass[] {
  return interlaced ? PASSES : [[0, 0, 1, 1]];
}

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

interface PngHeader {
  width: number;
  height: number;
  depth: number;
  color: number;
  samples: number;
  interlaced: boolean;
}

export interface PngChunks extends PngHeader {
  palette?: Uint8Array;
  /** The alpha of the first palette colors, or the transparent color. */
  transparency?: Uint8Array;
  data: Uint8Array[];
  slim: Uint8Array;
}

interface Chunk {
  type: string;
  content: Uint8Array;
  /** All its bytes: length, type, content and checksum. */
  whole: Uint8Array;
}

/** Scans the chunks. Those without pixels are dropped; unknown critical chunks are refused. */
export function readPngChunks(bytes: Uint8Array, path: string, maxPixels?: number): PngChunks {
  if (SIGNATURE.some((byte, i) => bytes[i] !== byte)) throw corruptImage(path, "not a PNG file");
  const slimParts: Uint8Array[] = [bytes.subarray(0, 8)];
  const foundChunks: FoundChunks = { data: [] };
  let header: PngHeader | undefined;
  for (const { type, content, whole } of chunksOf(bytes, path)) {
    if ((header === undefined) !== (type === "IHDR")) {
      throw corruptImage(path, "its header is not its first chunk");
    }
    if (type === "IHDR") header = parseHeader(content, path, maxPixels);
    else keepChunk(foundChunks, type, content, path);
    checkSum(type, whole, path);
    if (/^(IHDR|IDAT|IEND)$/.test(type)) slimParts.push(whole);
    foundChunks.last = type;
  }
  const { last: _, ...chunks } = foundChunks;
  const whole = { ...header!, ...chunks, slim: concatBytes(slimParts) };
  checkColors(whole, path);
  return whole;
}

function* chunksOf(bytes: Uint8Array, path: string): Generator<Chunk> {
  const view = viewOf(bytes);
  for (let at = 8, type = ""; type !== "IEND";) {
    if (at + 12 > bytes.byteLength) throw corruptImage(path, "file is truncated");
    const size = view.getUint32(at);
    if (size > bytes.byteLength - at - 12) throw corruptImage(path, "file is truncated");
    const whole = bytes.subarray(at, at + 12 + size);
    type = String.fromCharCode(...whole.subarray(4, 8));
    yield { type, content: whole.subarray(8, 8 + size), whole };
    at += whole.byteLength;
  }
}

/** The chunks so far, and the type of the last one. */
type FoundChunks = Pick<PngChunks, "palette" | "transparency" | "data"> & { last?: string };

/** Keeps the parts of a chunk that the pixels need. */
function keepChunk(
  foundChunks: FoundChunks,
  type: string,
  content: Uint8Array,
  path: string,
): void {
  const misplaced = () => corruptImage(path, `misplaced chunk ${type}`);
  switch (type) {
    case "PLTE":
      if (foundChunks.palette ?? foundChunks.transparency ?? foundChunks.data[0]) throw misplaced();
      foundChunks.palette = content;
      return;
    case "tRNS":
      if (foundChunks.transparency ?? foundChunks.data[0]) throw misplaced();
      foundChunks.transparency = content;
      return;
    case "IDAT":
      if (foundChunks.data.length > 0 && foundChunks.last !== "IDAT") throw misplaced();
      foundChunks.data.push(content);
      return;
    case "IEND":
      return;
    case "acTL":
      throw unsupportedImage(path, "it is animated");
  }
  if (!/^[A-Za-z]{4}$/.test(type)) throw corruptImage(path, "invalid chunk name");
  if (/^[A-Z]/.test(type)) throw unsupportedImage(path, `unknown critical chunk ${type}`);
}

/** Checks the CRC of a chunk that affects the pixels. */
function checkSum(type: string, whole: Uint8Array, path: string): void {
  if (!/^([A-Z]{4}|tRNS)$/.test(type)) return;
  const end = whole.byteLength - 4;
  const sum = new DataView(whole.buffer, whole.byteOffset + end).getUint32(0);
  if (crc32(whole.subarray(4, end)) === sum) return;
  throw corruptImage(path, `checksum mismatch in chunk ${type}`);
}

function parseHeader(content: Uint8Array, path: string, maxPixels?: number): PngHeader {
  if (content.byteLength !== 13) throw corruptImage(path, "invalid length of the header");
  const view = new DataView(content.buffer, content.byteOffset);
  const [width, height] = [view.getUint32(0), view.getUint32(4)];
  const [depth = 0, color = 0, compression, filter, interlace = 0] = content.subarray(8);
  checkPixels(path, { width, height }, maxPixels);
  const { samples = 0, depths = [] } = COLORS[color] ?? {};
  if (!depths.includes(depth)) {
    throw corruptImage(path, `invalid color type ${color} with ${depth} bits`);
  }
  if (compression !== 0 || filter !== 0 || interlace > 1) {
    throw unsupportedImage(path, `its methods are ${compression}, ${filter} and ${interlace}`);
  }
  return { width, height, depth, color, samples, interlaced: interlace === 1 };
}

function checkColors(chunks: PngChunks, path: string): void {
  const { color, palette, transparency, data } = chunks;
  if (data.length === 0) throw corruptImage(path, "it has no data");
  const colors = palette === undefined ? 0 : checkPalette(palette, chunks, path);
  if (palette === undefined && color === INDEXED) throw corruptImage(path, "it has no palette");
  if (transparency === undefined) return;
  const { byteLength } = transparency;
  const fits = color === INDEXED
    ? byteLength <= colors
    : byteLength === (color === GREY ? 2 : color === RGB ? 6 : 0);
  if (!fits) throw corruptImage(path, `its transparency has ${byteLength} bytes`);
}

/** Returns the number of colors of a palette. */
function checkPalette(
  { byteLength }: Uint8Array,
  { color, depth }: PngHeader,
  path: string,
): number {
  if (![RGB, INDEXED, 6].includes(color)) throw corruptImage(path, "it is gray but has a palette");
  const colors = byteLength / 3;
  const most = color === INDEXED ? 2 ** depth : 256;
  if (Number.isInteger(colors) && colors >= 1 && colors <= most) return colors;
  throw corruptImage(path, `invalid palette of ${byteLength} bytes`);
}

/** Inflates the data piece by piece, and throws if their length does not match the pixels. */
export async function checkPngData(
  chunks: PngChunks,
  path: string,
  signal?: AbortSignal,
): Promise<void> {
  const expectedBytes = dataSize(chunks);
  let inflatedBytes = 0;
  const inflate = createInflate();
  const source = Readable.from(chunks.data).on("error", () => {});
  try {
    for await (const piece of source.pipe(inflate) as AsyncIterable<Uint8Array>) {
      signal?.throwIfAborted();
      inflatedBytes += piece.byteLength;
      if (inflatedBytes > expectedBytes) break;
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw corruptImage(path, "compressed data is damaged", error);
  } finally {
    source.destroy();
    inflate.destroy();
  }
  if (inflatedBytes === expectedBytes) return;
  const state = `its pixels need ${expectedBytes} bytes, its data has ${
    inflatedBytes > expectedBytes ? "more" : inflatedBytes
  }`;
  throw corruptImage(path, state);
}

/** Returns the size of the filtered rows, each with a leading byte. */
function dataSize({ width, height, depth, samples, interlaced }: PngHeader): number {
  return passesOf(interlaced).reduce((sum, [x, y, stepX, stepY]) => {
    const columns = Math.max(0, Math.ceil((width - x) / stepX));
    const rows = Math.max(0, Math.ceil((height - y) / stepY));
    return columns === 0 ? sum : sum + rows * (1 + Math.ceil(columns * samples * depth / 8));
  }, 0);
}
