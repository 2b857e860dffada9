// The chunks of a PNG file (https://www.w3.org/TR/png-3/), looked through before anything is
// decoded: what it is, in what order it stands, and that its data are as long as its pixels need.
import { Readable } from "node:stream";
import { crc32, createInflate } from "node:zlib";
import { concatBytes } from "../../core/bytes/bytes.ts";
import { checkPixels, corruptImage, unsupportedImage } from "../images/image_file.ts";

/** Types of colour, clause 11.2.1. */
export const GREY = 0;
export const RGB = 2;
export const INDEXED = 3;

/** Samples of a pixel, and the depths that they may have, of each type of colour. */
const COLOURS: Record<number, { samples: number; depths: readonly number[] } | undefined> = {
  [GREY]: { samples: 1, depths: [1, 2, 4, 8, 16] },
  [RGB]: { samples: 3, depths: [8, 16] },
  [INDEXED]: { samples: 1, depths: [1, 2, 4, 8] },
  4: { samples: 2, depths: [8, 16] },
  6: { samples: 4, depths: [8, 16] },
};
/** Where the seven passes of an interlaced image begin, and their steps: x, y, each x, each y. */
export const PASSES: readonly number[][] = [
  ...[[0, 0, 8, 8], [4, 0, 8, 8], [0, 4, 4, 8], [2, 0, 4, 4]],
  ...[[0, 2, 2, 4], [1, 0, 2, 2], [0, 1, 1, 2]],
];
const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

export interface PngHeader {
  width: number;
  height: number;
  depth: number;
  colour: number;
  samples: number;
  interlaced: boolean;
}

export interface PngChunks extends PngHeader {
  palette?: Uint8Array;
  /** The alpha of the palette's first colours, or the colour that is transparent. */
  transparency?: Uint8Array;
  data: Uint8Array[];
  slim: Uint8Array;
}

interface Chunk {
  type: string;
  content: Uint8Array;
  /** Its bytes with length, type and checksum. */
  whole: Uint8Array;
}

/** Looks through the chunks. What is not needed for the pixels is left out; what must be understood and is not, is refused. */
export function readPngChunks(bytes: Uint8Array, path: string, maxPixels?: number): PngChunks {
  if (SIGNATURE.some((byte, i) => bytes[i] !== byte)) throw corruptImage(path, "it is no PNG file");
  const kept: Uint8Array[] = [bytes.subarray(0, 8)];
  const found: FoundChunks = { data: [] };
  let header: PngHeader | undefined;
  for (const { type, content, whole } of chunksOf(bytes, path)) {
    if ((header === undefined) !== (type === "IHDR")) {
      throw corruptImage(path, "its header is not its first chunk");
    }
    if (type === "IHDR") header = parseHeader(content, path, maxPixels);
    else keepChunk(found, type, content, path);
    checkSum(type, whole, path);
    if (/^(IHDR|IDAT|IEND)$/.test(type)) kept.push(whole);
    found.last = type;
  }
  const { last: _, ...chunks } = found;
  const whole = { ...header!, ...chunks, slim: concatBytes(kept) };
  checkColours(whole, path);
  return whole;
}

function* chunksOf(bytes: Uint8Array, path: string): Generator<Chunk> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 8, type = ""; type !== "IEND";) {
    if (at + 12 > bytes.byteLength) throw corruptImage(path, "it is cut off");
    const size = view.getUint32(at);
    if (size > bytes.byteLength - at - 12) throw corruptImage(path, "it is cut off");
    const whole = bytes.subarray(at, at + 12 + size);
    type = String.fromCharCode(...whole.subarray(4, 8));
    yield { type, content: whole.subarray(8, 8 + size), whole };
    at += whole.byteLength;
  }
}

/** The chunks that came so far, and the type of the last one. */
type FoundChunks = Pick<PngChunks, "palette" | "transparency" | "data"> & { last?: string };

/** Keeps what pixels need of a chunk behind the header. */
function keepChunk(found: FoundChunks, type: string, content: Uint8Array, path: string): void {
  const misplaced = () => corruptImage(path, `its chunk ${type} is not where it belongs`);
  switch (type) {
    case "PLTE":
      if (found.palette ?? found.transparency ?? found.data[0]) throw misplaced();
      found.palette = content;
      return;
    case "tRNS":
      if (found.transparency ?? found.data[0]) throw misplaced();
      found.transparency = content;
      return;
    case "IDAT":
      if (found.data.length > 0 && found.last !== "IDAT") {
        throw corruptImage(path, "its data are in several places");
      }
      found.data.push(content);
      return;
    case "IEND":
      return;
    case "acTL":
      throw unsupportedImage(path, "it is animated");
  }
  if (!/^[A-Za-z]{4}$/.test(type)) throw corruptImage(path, "one of its chunks has no name");
  if (/^[A-Z]/.test(type)) throw unsupportedImage(path, `it needs a chunk ${type}`);
}

/** Checks the sum of a chunk that is needed. */
function checkSum(type: string, whole: Uint8Array, path: string): void {
  if (!/^([A-Z]{4}|tRNS)$/.test(type)) return;
  const end = whole.byteLength - 4;
  const sum = new DataView(whole.buffer, whole.byteOffset + end).getUint32(0);
  if (crc32(whole.subarray(4, end)) === sum) return;
  throw corruptImage(path, `its chunk ${type} has another sum`);
}

function parseHeader(content: Uint8Array, path: string, maxPixels?: number): PngHeader {
  if (content.byteLength !== 13) throw corruptImage(path, "its header has another length");
  const view = new DataView(content.buffer, content.byteOffset);
  const [width, height] = [view.getUint32(0), view.getUint32(4)];
  const [depth, colour, compression, filter, interlace] = content.subarray(8);
  checkPixels(path, { width, height }, maxPixels);
  const { samples = 0, depths = [] } = COLOURS[colour] ?? {};
  if (!depths.includes(depth)) {
    throw corruptImage(path, `it has colours of type ${colour} with ${depth} bits`);
  }
  if (compression !== 0 || filter !== 0 || interlace > 1) {
    throw unsupportedImage(path, `its methods are ${compression}, ${filter} and ${interlace}`);
  }
  return { width, height, depth, colour, samples, interlaced: interlace === 1 };
}

function checkColours(chunks: PngChunks, path: string): void {
  const { colour, palette, transparency, data } = chunks;
  if (data.length === 0) throw corruptImage(path, "it has no data");
  const colours = palette === undefined ? 0 : checkPalette(palette, chunks, path);
  if (palette === undefined && colour === INDEXED) throw corruptImage(path, "it has no palette");
  if (transparency === undefined) return;
  const { byteLength } = transparency;
  const fits = colour === INDEXED
    ? byteLength <= colours
    : byteLength === (colour === GREY ? 2 : colour === RGB ? 6 : 0);
  if (!fits) throw corruptImage(path, `its transparency has ${byteLength} bytes`);
}

/** Returns how many colours a palette has. */
function checkPalette(
  { byteLength }: Uint8Array,
  { colour, depth }: PngHeader,
  path: string,
): number {
  if (![RGB, INDEXED, 6].includes(colour)) {
    throw corruptImage(path, "it has a palette and is grey");
  }
  const colours = byteLength / 3;
  const most = colour === INDEXED ? 2 ** depth : 256;
  if (Number.isInteger(colours) && colours >= 1 && colours <= most) return colours;
  throw corruptImage(path, `its palette has ${byteLength} bytes`);
}

/** Inflates the data once, piece by piece, and throws where they have another length than the pixels need. */
export async function checkPngData(
  chunks: PngChunks,
  path: string,
  signal?: AbortSignal,
): Promise<void> {
  const needed = dataSize(chunks);
  let found = 0;
  const inflate = createInflate();
  const source = Readable.from(chunks.data).on("error", () => {});
  try {
    for await (const piece of source.pipe(inflate) as AsyncIterable<Uint8Array>) {
      signal?.throwIfAborted();
      found += piece.byteLength;
      if (found > needed) break;
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw corruptImage(path, "its data are damaged", error);
  } finally {
    source.destroy();
    inflate.destroy();
  }
  if (found === needed) return;
  throw corruptImage(
    path,
    `its pixels need ${needed} bytes, its data have ${found > needed ? "more" : found}`,
  );
}

/** Bytes of the filtered rows: each has one byte before it. */
function dataSize({ width, height, depth, samples, interlaced }: PngHeader): number {
  return (interlaced ? PASSES : [[0, 0, 1, 1]]).reduce((sum, [x, y, stepX, stepY]) => {
    const columns = Math.max(0, Math.ceil((width - x) / stepX));
    const rows = Math.max(0, Math.ceil((height - y) / stepY));
    return columns === 0 ? sum : sum + rows * (1 + Math.ceil(columns * samples * depth / 8));
  }, 0);
}
