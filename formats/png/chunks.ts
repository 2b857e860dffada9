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

/** Looks through the chunks. What is not needed for the pixels is left out; what must be understood and is not, is refused. */
export function readPngChunks(bytes: Uint8Array, path: string, maxPixels?: number): PngChunks {
  if (SIGNATURE.some((byte, i) => bytes[i] !== byte)) throw corruptImage(path, "it is no PNG file");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const kept: Uint8Array[] = [bytes.subarray(0, 8)];
  const found: Partial<PngChunks> = {};
  const data: Uint8Array[] = [];
  let header: PngHeader | undefined;
  let last = "";
  for (let at = 8; last !== "IEND";) {
    if (at + 12 > bytes.byteLength) throw corruptImage(path, "it is cut off");
    const size = view.getUint32(at);
    if (size > bytes.byteLength - at - 12) throw corruptImage(path, "it is cut off");
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    const content = bytes.subarray(at + 8, at + 8 + size);
    if ((header === undefined) !== (type === "IHDR")) {
      throw corruptImage(path, "its header is not its first chunk");
    }
    if (type === "IHDR") header = parseHeader(content, path, maxPixels);
    else if (type === "PLTE" || type === "tRNS") {
      const name = type === "PLTE" ? "palette" : "transparency";
      const isLate = data.length > 0 || (type === "PLTE" && found.transparency !== undefined);
      if (found[name] !== undefined || isLate) {
        throw corruptImage(path, `its chunk ${type} is not where it belongs`);
      }
      found[name] = content;
    } else if (type === "IDAT") {
      if (data.length > 0 && last !== "IDAT") {
        throw corruptImage(path, "its data are in several places");
      }
      data.push(content);
    } else if (type === "acTL") throw unsupportedImage(path, "it is animated");
    else if (!/^[A-Za-z]{4}$/.test(type)) throw corruptImage(path, "one of its chunks has no name");
    else if (/^[A-Z]/.test(type) && type !== "IEND") {
      throw unsupportedImage(path, `it needs a chunk ${type}`);
    }
    if (
      /^([A-Z]{4}|tRNS)$/.test(type) &&
      crc32(bytes.subarray(at + 4, at + 8 + size)) !== view.getUint32(at + 8 + size)
    ) {
      throw corruptImage(path, `its chunk ${type} has another sum`);
    }
    if (/^(IHDR|IDAT|IEND)$/.test(type)) kept.push(bytes.subarray(at, at + 12 + size));
    at += 12 + size;
    last = type;
  }
  const whole = { ...header!, ...found, data, slim: concatBytes(kept) };
  checkColours(whole, path);
  return whole;
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

function checkColours(
  { colour, depth, palette, transparency, data }: PngChunks,
  path: string,
): void {
  if (data.length === 0) throw corruptImage(path, "it has no data");
  const colours = (palette?.byteLength ?? 0) / 3;
  if (palette === undefined ? colour === INDEXED : ![RGB, INDEXED, 6].includes(colour)) {
    throw corruptImage(
      path,
      palette === undefined ? "it has no palette" : "it has a palette and is grey",
    );
  }
  if (
    palette !== undefined &&
    (colours % 1 !== 0 || colours < 1 || colours > (colour === INDEXED ? 2 ** depth : 256))
  ) {
    throw corruptImage(path, `its palette has ${palette.byteLength} bytes`);
  }
  if (transparency === undefined) return;
  const { byteLength } = transparency;
  const fits = colour === INDEXED
    ? byteLength <= colours
    : byteLength === (colour === GREY ? 2 : colour === RGB ? 6 : 0);
  if (!fits) throw corruptImage(path, `its transparency has ${byteLength} bytes`);
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
