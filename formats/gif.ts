/**
 * Images as GIF, and the frames of animations.
 *
 * @module
 */
import { concatBytes } from "../core/bytes/bytes.ts";
import { fault } from "../core/errors.ts";
import type { Format, FormatOptions } from "./content/format.ts";
import type { FileToDecode } from "../core/file_store.ts";
import type { Image } from "./images/image.ts";
import {
  checkHolds,
  corruptImage,
  fromRgba,
  holdsImage,
  unsupportedImage,
  unwritableImage,
} from "./images/image_file.ts";
import type { Holds, ImageOptions } from "./images/image_file.ts";
import { shown } from "../core/naming/names.ts";
import { type GifBlock, type GifBlocks, readGifBlocks } from "./gif/blocks.ts";
import { unpackLzw } from "./compression/lzw.ts";
import { encodeGif, grays, indexColors } from "./gif/write.ts";

const HOLDS: Holds = { dtypes: ["uint8"], channels: [1, 3, 4], maxSide: 65_535 };
/** The four passes of an interlaced image: first row and step. */
const PASSES = [[0, 8], [4, 8], [2, 4], [1, 2]] as const;

/** Options of {@linkcode gif}. */
export interface GifOptions extends ImageOptions {
  /** The frame to read, from 0. @default the only one */
  frame?: number;
}

/** A frame, composed with those before it. */
export interface GifFrame {
  image: Image;
  /** Display time, milliseconds; 0 usually means "as fast as possible". */
  delay: number;
}

/**
 * GIF (87a and 89a): `uint8` images that are gray, have up to 256 colors, or up to 255 and
 * transparent pixels, which are black with alpha 0. More colors and half transparent pixels are
 * refused: nothing is rounded.
 *
 * Colors are expanded when read: to RGB and alpha if frames leave some of the screen empty, or
 * may do so; to gray if all palettes are the 256 grays; else to RGB. A file of several frames is
 * `Unsupported` without `frame`. Texts and comments are neither read nor written.
 *
 * @example
 * ```ts
 * import { bytesFile } from "@holdfast/holdfast/files";
 * import { gif } from "@holdfast/holdfast/formats";
 * import { assertEquals } from "@std/assert";
 *
 * const data = Uint8Array.of(0, 128, 255, 7);
 * const image = { data, width: 2, height: 2, channels: 1, dtype: "uint8" } as const;
 * const bytes = await gif().encode(image) as Uint8Array;
 * assertEquals(await gif().decode(bytesFile("mask.gif", bytes)), image);
 * ```
 */
export function gif({ maxPixels, frame }: GifOptions = {}): Format<Image> {
  return {
    id: "gif",
    extensions: [".gif"],
    mediaType: "image/gif",
    accepts: (value) => holdsImage(value, HOLDS) && typeof indexColors(value) !== "string",
    encode(image) {
      checkHolds("GIF", image, HOLDS);
      const indexed = indexColors(image);
      if (typeof indexed !== "string") return encodeGif(image, indexed);
      throw unwritableImage("GIF", indexed, "Convert the image first, or write PNG.");
    },
    async decode(file, options) {
      const blocks = await openGif(file, { maxPixels, ...options });
      const { length } = blocks.frames;
      if (frame === undefined && length > 1) {
        const hint = "Select one, gif({ frame: 0 }), or use readFrames.";
        throw unsupportedImage(file.path, `it has ${length} frames`, hint);
      }
      const wanted = frame ?? 0;
      if (!Number.isInteger(wanted) || wanted < 0 || wanted >= length) {
        const state = `no frame ${wanted}, it has ${length}`;
        const [action, subject] = ["read image", shown(file.path)];
        throw fault({ code: "NotFound", action, subject, state, hint: "Count frames from 0." });
      }
      const screen = createScreen(blocks, file.path);
      for (const block of blocks.frames.slice(0, wanted + 1)) {
        options?.signal?.throwIfAborted();
        screen.show(block);
      }
      return screen.image();
    },
  };
}

/**
 * Reads the frames one by one, each composed with those before it.
 *
 * @throws {RegistryError} as {@linkcode gif}
 */
export async function* readFrames(
  file: FileToDecode,
  options: ImageOptions & FormatOptions = {},
): AsyncGenerator<GifFrame> {
  const blocks = await openGif(file, options);
  const screen = createScreen(blocks, file.path);
  for (const block of blocks.frames) {
    options.signal?.throwIfAborted();
    screen.show(block);
    yield { image: screen.image(), delay: block.delay * 10 };
  }
}

async function openGif(
  file: FileToDecode,
  { maxPixels, signal }: ImageOptions & FormatOptions,
): Promise<GifBlocks> {
  const bytes = await file.bytes();
  signal?.throwIfAborted();
  return readGifBlocks(bytes, file.path, maxPixels);
}

/** Composes frames. The screen is transparent at first. */
function createScreen(
  blocks: GifBlocks,
  path: string,
): { show(block: GifBlock): void; image(): Image } {
  const { width, height } = blocks;
  const rgba = new Uint8ClampedArray(width * height * 4);
  const rowAt = ({ left, top }: GifBlock, row: number) => ((top + row) * width + left) * 4;
  const channels = channelsOf(blocks);
  let last: { block: GifBlock; below: Uint8ClampedArray } | undefined;

  function copyOf(block: GifBlock): Uint8ClampedArray {
    const copy = new Uint8ClampedArray(block.width * block.height * 4);
    for (let row = 0; row < block.height; row++) {
      const from = rowAt(block, row);
      copy.set(rgba.subarray(from, from + block.width * 4), row * block.width * 4);
    }
    return copy;
  }

  /** Section 23, disposal methods 2 and 3. */
  function dispose({ block, below }: { block: GifBlock; below: Uint8ClampedArray }): void {
    for (let row = 0; row < block.height; row++) {
      const from = row * block.width * 4;
      rgba.set(below.subarray(from, from + block.width * 4), rowAt(block, row));
    }
  }

  return {
    show(block) {
      if (last !== undefined) dispose(last);
      last = block.disposal === 3
        ? { block, below: copyOf(block) }
        : block.disposal === 2
        ? { block, below: new Uint8ClampedArray(block.width * block.height * 4) }
        : undefined;
      drawBlock(block, { rgba, rowAt, path });
    },
    image: () => {
      const data = fromRgba(rgba, channels);
      const copy = channels === 4 ? data.slice() : data;
      return { data: copy, width, height, channels, dtype: "uint8" };
    },
  };
}

/** Returns the channels of all frames: 4 if one may leave pixels empty, 1 if all are gray. */
function channelsOf({ width, height, frames }: GifBlocks): number {
  let isFull = false;
  for (const block of frames) {
    const wasFull: boolean = isFull;
    isFull ||= block.width === width && block.height === height && block.transparent === undefined;
    if (!isFull) return 4;
    if (block.disposal === 2) isFull = false;
    if (block.disposal === 3) isFull = wasFull;
  }
  return frames.every(({ palette }) => isAllGreys(palette)) ? 1 : 3;
}

function drawBlock(
  block: GifBlock,
  { rgba, rowAt, path }: {
    rgba: Uint8ClampedArray;
    rowAt(block: GifBlock, row: number): number;
    path: string;
  },
): void {
  const { width, height, palette, transparent, isInterlaced } = block;
  const codes = { clear: 1 << block.bits, isHighFirst: false, isEarly: false };
  const indices = unpackLzw(concatBytes(block.pieces), width * height, codes);
  if (indices === undefined) throw corruptImage(path, "compressed data is damaged or too short");
  const rows = isInterlaced ? interlacedRows(height) : undefined;
  for (let row = 0, from = 0; row < height; row++) {
    let to = rowAt(block, rows?.[row] ?? row);
    for (let column = 0; column < width; column++, from++, to += 4) {
      const index = indices[from]!;
      if (index === transparent) continue;
      if (index * 3 >= palette.byteLength) throw corruptImage(path, `no color ${index}`);
      for (let channel = 0; channel < 3; channel++) {
        rgba[to + channel] = palette[index * 3 + channel]!;
      }
      rgba[to + 3] = 255;
    }
  }
}

/** Returns the position of each stored row. */
function interlacedRows(height: number): number[] {
  return PASSES.flatMap(([begin, step]) =>
    Array.from(
      { length: Math.max(0, Math.ceil((height - begin) / step)) },
      (_, i) => begin + i * step,
    )
  );
}

function isAllGreys(palette: Uint8Array): boolean {
  const all = grays();
  return palette.byteLength === all.byteLength && palette.every((byte, i) => byte === all[i]);
}
