/**
 * Images as TIFF, whole or a region of them.
 *
 * @module
 */
import { fault } from "../core/errors.ts";
import { checkFile } from "./content/content.ts";
import type { Format, FormatOptions } from "./content/format.ts";
import type { FileToDecode } from "../core/file_store.ts";
import { type Image, IMAGE_DTYPES, type ImageDType } from "./images/image.ts";
import {
  checkHolds,
  checkPixels,
  corruptImage,
  holdsImage,
  unsupportedImage,
} from "./images/image_file.ts";
import type { Holds, ImageOptions } from "./images/image_file.ts";
import { shown } from "../core/naming/names.ts";
import { openTiff, readDirectories, TAGS } from "./tiff/directory.ts";
import type { Directory, TiffReader } from "./tiff/directory.ts";
import { imageOf, readPage } from "./tiff/page.ts";
import { readPixels, type Rectangle } from "./tiff/read_page.ts";
import { encodeTiff } from "./tiff/write.ts";

export type { Rectangle } from "./tiff/read_page.ts";

const HOLDS: Holds = { dtypes: IMAGE_DTYPES, maxSide: 2 ** 32 - 1, maxChannels: 65_535 };

/** Options of {@linkcode tiff}. */
export interface TiffOptions extends ImageOptions {
  /** The page that is read, from 0. Absent: the only one; pages that are masks or smaller copies of others do not count. */
  page?: number;
}

/** Options of {@linkcode readRegion}. */
export interface RegionOptions extends Rectangle, ImageOptions, FormatOptions {
  /** The page, from 0. @default 0 */
  page?: number;
}

/** A page of a TIFF file. */
export interface TiffPage {
  width: number;
  height: number;
  channels: number;
  dtype: ImageDType;
  /** Whether it is a smaller copy of another page, or a mask. */
  isDerived: boolean;
}

/**
 * TIFF 6.0: images of integers of 8 to 64 bits, signed or not, and of floats of 32 and 64 bits, of any number of channels,
 * exactly. Files are written without compression, in strips. Grey, RGB and palettes of 256 colors are read from strips and
 * tiles, channels together or apart, either byte order, BigTIFF too, uncompressed, or packed with LZW, Deflate or PackBits
 * and their predictors. Samples come as they are stored: where alpha is multiplied into the colours, it still is. Samples of
 * a palette come as its colors, of 8 bits where those suffice, else of 16. Everything else is `Unsupported`, also a file
 * of several pages where no `page` is named.
 *
 * @example
 * ```ts
 * import { readRegion, tiff } from "@holdfast/holdfast/formats";
 * import { assertEquals } from "@std/assert";
 *
 * const data = Float32Array.from({ length: 12 }, (_, i) => i / 2);
 * const image = { data, width: 4, height: 3, channels: 1, dtype: "float32" } as const;
 * const bytes = await tiff().encode(image) as Uint8Array<ArrayBuffer>;
 * const file = {
 *   path: "heights.tif",
 *   size: bytes.byteLength,
 *   bytes: () => Promise.resolve(bytes),
 *   stream: ({ offset = 0, length = bytes.length } = {}) => new Blob([bytes.subarray(offset, offset + length)]).stream(),
 * };
 * assertEquals(await tiff().decode(file), image);
 * const corner = await readRegion(file, { x: 2, y: 1, width: 2, height: 2 });
 * assertEquals([...corner.data], [3, 3.5, 5, 5.5]);
 * ```
 */
export function tiff({ maxPixels, page }: TiffOptions = {}): Format<Image<ImageDType>> {
  return {
    id: "tiff",
    extensions: [".tif", ".tiff"],
    mediaType: "image/tiff",
    accepts: (value) => holdsImage(value, HOLDS),
    encode(image) {
      checkHolds("TIFF", image, HOLDS);
      return encodeTiff(image);
    },
    async decode(file, { signal } = {}) {
      const reader = await openTiff(file, signal);
      const directory = page === undefined
        ? await onlyDirectory(reader)
        : await directoryAt(reader, page);
      const found = await readPage(reader, directory, maxPixels);
      checkPixels(file.path, imageOf(found), maxPixels);
      return await readPixels(reader, directory, found, {
        x: 0,
        y: 0,
        width: found.width,
        height: found.height,
      });
    },
  };
}

/**
 * Reads a rectangle of a page: what is needed of the directory, and the strips or tiles that it touches. Of those that
 * are not compressed only the rows that it touches are read. `maxPixels` counts those of the rectangle, and of a strip or
 * tile that is compressed: the page may be larger.
 *
 * @throws {RegistryError} `Invalid` for a rectangle that is not in the page, `NotFound` for a page that is not there;
 * else as {@linkcode tiff}
 */
export async function readRegion(
  file: FileToDecode,
  options: RegionOptions,
): Promise<Image<ImageDType>> {
  checkFile(file, "read a region");
  const { x, y, width, height, page = 0, maxPixels, signal } = options;
  const reader = await openTiff(file, signal);
  const directory = await directoryAt(reader, page);
  const found = await readPage(reader, directory, maxPixels);
  const isInside = [x, y, width, height].every(Number.isSafeInteger) && x >= 0 && y >= 0 &&
    width >= 1 && height >= 1 &&
    x + width <= found.width && y + height <= found.height;
  if (isInside) {
    checkPixels(file.path, { width, height, channels: found.channels }, maxPixels);
    return await readPixels(reader, directory, found, { x, y, width, height });
  }
  throw fault({
    code: "Invalid",
    action: "read a region of",
    subject: shown(file.path),
    state:
      `page ${page} has ${found.width} x ${found.height} pixels, none of ${width} x ${height} at (${x}, ${y})`,
    hint:
      "A region lies inside its page and has at least one pixel; readPages tells how large pages are.",
  });
}

/** What the pages of a file are, in their order; of their pixels nothing is read. */
export async function readPages(
  file: FileToDecode,
  { signal }: FormatOptions = {},
): Promise<TiffPage[]> {
  checkFile(file, "read the pages of an image");
  const reader = await openTiff(file, signal);
  const pages: TiffPage[] = [];
  for await (const directory of readDirectories(reader)) {
    pages.push({
      ...imageOf(await readPage(reader, directory, Infinity)),
      isDerived: await isDerived(directory),
    });
  }
  return pages;
}

/** `NewSubfileType`: a smaller copy of another page has bit 0, a mask bit 2. */
async function isDerived(directory: Directory): Promise<boolean> {
  return (await directory.value(TAGS.subfile, 0) & 5) !== 0;
}

async function onlyDirectory(reader: TiffReader): Promise<Directory> {
  let only: Directory | undefined;
  for await (const directory of readDirectories(reader)) {
    if (await isDerived(directory)) continue;
    if (only !== undefined) {
      throw unsupportedImage(reader.path, "it has several pages, and none is named");
    }
    only = directory;
  }
  if (only === undefined) throw corruptImage(reader.path, "it has no page");
  return only;
}

async function directoryAt(reader: TiffReader, page: number): Promise<Directory> {
  let number = 0;
  for await (const directory of readDirectories(reader)) {
    if (number++ === page) return directory;
  }
  throw fault({
    code: "NotFound",
    action: "read page",
    subject: `${page} of ${shown(reader.path)}`,
    state: `it has ${number} pages`,
    hint: "Pages count from 0; readPages tells what they are.",
  });
}
