/**
 * Images as PNG.
 *
 * @module
 */
import { providePart } from "../core/urls/provide_part.ts";
import { decode, encode } from "npm:fast-png@^8";
import type { Format } from "./content/format.ts";
import type { Image } from "./images/image.ts";
import { checkHolds, corruptImage, holdsImage, readingFailed } from "./images/image_file.ts";
import type { Holds, ImageOptions } from "./images/image_file.ts";
import { checkPngData, INDEXED, passesOf, type PngChunks, readPngChunks } from "./png/chunks.ts";
import { inflateSync } from "node:zlib";
import { concatBytes } from "../core/bytes/bytes.ts";

export type * from "./content/format.ts";
export { toArray, toImage } from "./images/image.ts";
export type { Image, ImageDType } from "./images/image.ts";
export type { ImageOptions } from "./images/image_file.ts";

const HOLDS: Holds = { dtypes: ["uint8", "uint16"], channels: [1, 2, 3, 4], maxSide: 2 ** 31 - 1 };

type Samples = Uint8Array | Uint16Array;

/**
 * PNG (ISO/IEC 15948): `uint8` and `uint16` images that are gray, gray and alpha, RGB, or RGB and
 * alpha, exactly.
 *
 * Reads interlaced files. Compact pixels are expanded: a palette to RGB, gray of 1, 2 or 4 bits to
 * `uint8` from 0 to 255, and transparent colors to alpha. Metadata (gamma, profiles, texts) is
 * neither read nor written. Animated files are `Unsupported`.
 *
 * @example
 * ```ts
 * import { bytesFile } from "@holdfast/holdfast/files";
 * import { png } from "@holdfast/holdfast/formats/png";
 * import { assertEquals } from "@std/assert";
 *
 * const data = Uint16Array.of(0, 513, 65535, 7);
 * const image = { data, width: 2, height: 2, channels: 1, dtype: "uint16" } as const;
 * const bytes = await png().encode(image) as Uint8Array;
 * assertEquals(await png().decode(bytesFile("depth.png", bytes)), image);
 * ```
 */
export function png({ maxPixels }: ImageOptions = {}): Format<Image> {
  return {
    id: "png",
    extensions: [".png"],
    mediaType: "image/png",
    accepts: (value) => holdsImage(value, HOLDS),
    encode(image) {
      checkHolds("PNG", image, HOLDS);
      const { data, width, height, channels, dtype } = image;
      const depth = dtype === "uint8" ? 8 : 16;
      return encode({ data: data as Samples, width, height, channels, depth });
    },
    async decode(file, { signal } = {}) {
      const chunks = readPngChunks(await file.bytes(), file.path, maxPixels);
      await checkPngData(chunks, file.path, signal);
      return imageOf(chunks, samplesOf(chunks, file.path), file.path);
    },
  };
}

function decodeSamples({ slim }: PngChunks, path: string): Samples {
  try {
    return decode(slim).data as Samples;
  } catch (error) {
    throw readingFailed(path, error);
  }
}

function samplesOf(chunks: PngChunks, path: string): Samples {
  if (chunks.depth >= 8) return decodeSamples(chunks, path);
  return readPasses(chunks, path);
}

function imageOf(chunks: PngChunks, samples: Samples, path: string): Image {
  const { width, height, depth, color, transparency } = chunks;
  if (color === INDEXED) return fromPalette(samples, chunks, path);
  const data = depth < 8 ? samples.map((sample) => sample * 255 / (2 ** depth - 1)) : samples;
  const { samples: channels } = chunks;
  const image = { width, height, dtype: depth === 16 ? "uint16" : "uint8" } as const;
  if (transparency === undefined) return { ...image, data, channels };
  return { ...image, data: addAlpha(data, samples, chunks), channels: channels + 1 };
}

function fromPalette(
  indices: Samples,
  { width, height, palette, transparency }: PngChunks,
  path: string,
): Image {
  const channels = transparency === undefined ? 3 : 4;
  const data = new Uint8Array(width * height * channels);
  for (let i = 0, to = 0; i < indices.length; i++, to += channels) {
    const index = indices[i]!;
    const from = index * 3;
    if (from >= palette!.byteLength) throw corruptImage(path, `its palette has no color ${index}`);
    for (let channel = 0; channel < 3; channel++) data[to + channel] = palette![from + channel]!;
    if (transparency !== undefined) data[to + 3] = transparency[index] ?? 255;
  }
  return { data, width, height, channels, dtype: "uint8" };
}

/** Adds a channel of alpha: 0 for the one transparent color of the file, full for others. */
function addAlpha(
  data: Samples,
  stored: Samples,
  { depth, samples, transparency }: PngChunks,
): Samples {
  const view = new DataView(transparency!.buffer, transparency!.byteOffset);
  const key = Array.from(
    { length: samples },
    (_, channel) => view.getUint16(channel * 2) & (2 ** depth - 1),
  );
  const opaque = depth === 16 ? 65535 : 255;
  const count = data.length / samples;
  const out = new (depth === 16 ? Uint16Array : Uint8Array)(count * (samples + 1));
  for (let pixel = 0; pixel < count; pixel++) {
    const from = pixel * samples;
    const to = pixel * (samples + 1);
    for (let channel = 0; channel < samples; channel++) out[to + channel] = data[from + channel]!;
    const isClear = key.every((value, channel) => stored[from + channel] === value);
    out[to + samples] = isClear ? 0 : opaque;
  }
  return out;
}

/** Returns one sample per element, row by row. The data must be as long as the passes need. */
function readPasses(
  { data, width, height, depth, interlaced }: PngChunks,
  path: string,
): Uint8Array {
  const bytes: Uint8Array = inflateSync(concatBytes(data));
  const samples = new Uint8Array(width * height);
  const perByte = 8 / depth;
  const mask = 2 ** depth - 1;
  let at = 0;
  for (const [left, top, stepX, stepY] of passesOf(interlaced)) {
    const columns = Math.ceil((width - left) / stepX);
    if (columns < 1) continue;
    const rowBytes = Math.ceil(columns / perByte);
    let above: Uint8Array = new Uint8Array(rowBytes);
    for (let y = top; y < height; y += stepY) {
      const row = bytes.subarray(at + 1, at + 1 + rowBytes);
      const filter = bytes[at]!;
      if (!unfilter(filter, row, above)) throw corruptImage(path, `unknown filter ${filter}`);
      for (let column = 0; column < columns; column++) {
        const shift = 8 - depth * (column % perByte + 1);
        const byte = row[Math.floor(column / perByte)]!;
        samples[y * width + left + column * stepX] = byte >> shift & mask;
      }
      above = row;
      at += 1 + rowBytes;
    }
  }
  return samples;
}

/**
 * Undoes the filter of a row in place, of at most a byte per pixel; false for an unknown filter.
 */
function unfilter(filter: number, row: Uint8Array, above: Uint8Array): boolean {
  for (let i = 0; i < row.length; i++) {
    const [left, up, corner] = [row[i - 1] ?? 0, above[i] ?? 0, above[i - 1] ?? 0];
    if (filter === 1) row[i]! += left;
    else if (filter === 2) row[i]! += up;
    else if (filter === 3) row[i]! += left + up >> 1;
    else if (filter === 4) row[i]! += paeth(left, up, corner);
  }
  return filter <= 4;
}

/** Returns the neighbor that is nearest to `left + up - corner`. */
function paeth(left: number, up: number, corner: number): number {
  const away = (neighbor: number) => Math.abs(left + up - corner - neighbor);
  const [a, b, c] = [away(left), away(up), away(corner)];
  if (a <= b && a <= c) return left;
  return b <= c ? up : corner;
}

providePart("png.ts", { png });
