/**
 * Images as PNG.
 *
 * @module
 */
import { decode, encode } from "npm:fast-png@^8";
import type { Format } from "./content/format.ts";
import type { Image } from "./images/image.ts";
import { checkHolds, corruptImage, holdsImage, readingFailed } from "./images/image_file.ts";
import type { Holds, ImageOptions } from "./images/image_file.ts";
import { checkPngData, INDEXED, PASSES, type PngChunks, readPngChunks } from "./png/chunks.ts";
import { inflateSync } from "node:zlib";
import { concatBytes } from "../core/bytes/bytes.ts";

export type * from "./content/format.ts";
export { isImage, toArray, toImage } from "./images/image.ts";
export type { Image, ImageDType } from "./images/image.ts";
export type { ImageOptions } from "./images/image_file.ts";

const HOLDS: Holds = { dtypes: ["uint8", "uint16"], channels: [1, 2, 3, 4], maxSide: 2 ** 31 - 1 };

/** The samples that a file has: bytes, or words. */
type Samples = Uint8Array | Uint16Array;

/**
 * PNG (ISO/IEC 15948): `uint8` and `uint16` images that are grey, grey and alpha, RGB, or RGB and alpha, exactly.
 *
 * Interlaced files are read too. Files that are smaller than what they mean are expanded when read: a palette to RGB, grey of 1, 2 or 4 bits to
 * `uint8` from 0 to 255, and a transparent colour, or colours of a palette, to alpha. What is said about the pixels
 * (gamma, profiles, texts) is not read, nor written. Animated files are `Unsupported`.
 *
 * @example
 * ```ts
 * import { png } from "@holdfast/holdfast/formats/png";
 * import { assertEquals } from "@std/assert";
 *
 * const image = { data: Uint16Array.of(0, 513, 65535, 7), width: 2, height: 2, channels: 1, dtype: "uint16" } as const;
 * const bytes = await png().encode(image) as Uint8Array<ArrayBuffer>;
 * const file = {
 *   path: "depth.png",
 *   size: bytes.byteLength,
 *   bytes: () => Promise.resolve(bytes),
 *   stream: () => new Blob([bytes]).stream(),
 * };
 * assertEquals(await png().decode(file), image);
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
      return encode({
        data: data as Samples,
        width,
        height,
        channels,
        depth: dtype === "uint8" ? 8 : 16,
      });
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

/** One sample an element. */
function samplesOf(chunks: PngChunks, path: string): Samples {
  if (chunks.depth >= 8) return decodeSamples(chunks, path);
  return chunks.interlaced ? readPasses(chunks, path) : unpack(decodeSamples(chunks, path), chunks);
}

function imageOf(chunks: PngChunks, samples: Samples, path: string): Image {
  const { width, height, depth, colour, transparency } = chunks;
  if (colour === INDEXED) return fromPalette(samples, chunks, path);
  const data = depth < 8 ? samples.map((sample) => sample * 255 / (2 ** depth - 1)) : samples;
  const image = {
    width,
    height,
    channels: chunks.samples,
    dtype: depth === 16 ? "uint16" : "uint8",
  } as const;
  if (transparency === undefined) return { data, ...image };
  return { ...image, data: addAlpha(data, samples, chunks), channels: chunks.samples + 1 };
}

/** One sample an element, of rows that begin at a byte. */
function unpack(packed: Samples, { width, height, depth }: PngChunks): Uint8Array {
  const samples = new Uint8Array(width * height);
  const perByte = 8 / depth;
  const rowBytes = Math.ceil(width / perByte);
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const shift = 8 - depth * (x % perByte + 1);
      samples[to++] = packed[y * rowBytes + Math.floor(x / perByte)] >> shift & (2 ** depth - 1);
    }
  }
  return samples;
}

function fromPalette(
  indices: Samples,
  { width, height, palette, transparency }: PngChunks,
  path: string,
): Image {
  const channels = transparency === undefined ? 3 : 4;
  const data = new Uint8Array(width * height * channels);
  for (let i = 0, to = 0; i < indices.length; i++, to += channels) {
    const from = indices[i] * 3;
    if (from >= palette!.byteLength) {
      throw corruptImage(path, `its palette has no colour ${indices[i]}`);
    }
    data[to] = palette![from];
    data[to + 1] = palette![from + 1];
    data[to + 2] = palette![from + 2];
    if (transparency !== undefined) data[to + 3] = transparency[indices[i]] ?? 255;
  }
  return { data, width, height, channels, dtype: "uint8" };
}

/** Alpha is nothing for the one colour that is transparent, as it stands in the file, and all for the others. */
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
  const out = depth === 16
    ? new Uint16Array(count * (samples + 1))
    : new Uint8Array(count * (samples + 1));
  for (let pixel = 0; pixel < count; pixel++) {
    const from = pixel * samples;
    const to = pixel * (samples + 1);
    for (let channel = 0; channel < samples; channel++) out[to + channel] = data[from + channel];
    out[to + samples] = key.every((value, channel) => stored[from + channel] === value)
      ? 0
      : opaque;
  }
  return out;
}

/** Returns one sample per element, row by row. The data must be as long as the passes need. */
function readPasses({ data, width, height, depth }: PngChunks, path: string): Uint8Array {
  const bytes: Uint8Array = inflateSync(concatBytes(data));
  const samples = new Uint8Array(width * height);
  const perByte = 8 / depth;
  const mask = 2 ** depth - 1;
  let at = 0;
  for (const [left, top, stepX, stepY] of PASSES) {
    const columns = Math.ceil((width - left) / stepX);
    if (columns < 1) continue;
    const rowBytes = Math.ceil(columns / perByte);
    let above: Uint8Array = new Uint8Array(rowBytes);
    for (let y = top; y < height; y += stepY) {
      const row = bytes.subarray(at + 1, at + 1 + rowBytes);
      if (!unfilter(bytes[at], row, above)) {
        throw corruptImage(path, `a row has the filter ${bytes[at]}`);
      }
      for (let column = 0; column < columns; column++) {
        const shift = 8 - depth * (column % perByte + 1);
        samples[y * width + left + column * stepX] = row[Math.floor(column / perByte)] >> shift &
          mask;
      }
      above = row;
      at += 1 + rowBytes;
    }
  }
  return samples;
}

/** Undoes the filter of a row in place; false for an unknown filter. A pixel takes at most a byte. */
function unfilter(filter: number, row: Uint8Array, above: Uint8Array): boolean {
  for (let i = 0; i < row.length; i++) {
    const [left, up, corner] = i === 0 ? [0, above[0], 0] : [row[i - 1], above[i], above[i - 1]];
    if (filter === 1) row[i] += left;
    else if (filter === 2) row[i] += up;
    else if (filter === 3) row[i] += left + up >> 1;
    else if (filter === 4) row[i] += paeth(left, up, corner);
  }
  return filter <= 4;
}

/** Returns the neighbor that is nearest to `left + up - corner`. */
function paeth(left: number, up: number, corner: number): number {
  const [a, b, c] = [
    Math.abs(up - corner),
    Math.abs(left - corner),
    Math.abs(left + up - 2 * corner),
  ];
  if (a <= b && a <= c) return left;
  return b <= c ? up : corner;
}
