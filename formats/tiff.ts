/**
 * Images as TIFF, whole or in part.
 *
 * @module
 */
import { invalid, notFound } from "../core/errors.ts";
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
  unwritableImage,
} from "./images/image_file.ts";
import type { Holds, ImageOptions } from "./images/image_file.ts";
import { shown } from "../core/naming/names.ts";
import { openTiff, readDirectories, TAGS } from "./tiff/directory.ts";
import type { Directory, TiffReader } from "./tiff/directory.ts";
import { imageOf, readPage, sampleFormat } from "./tiff/page.ts";
import { readPixels, type Rectangle } from "./tiff/read_page.ts";
import { HOST_BIG_ENDIAN, joinElements } from "./arrays/view_bytes.ts";
import type { FileSource } from "../core/materializer.ts";

export type { Rectangle } from "./tiff/read_page.ts";

const HOLDS: Holds = { dtypes: IMAGE_DTYPES, maxSide: 2 ** 32 - 1, maxChannels: 65_535 };

/** A page of a TIFF file. */
export interface TiffPage {
  width: number;
  height: number;
  channels: number;
  dtype: ImageDType;
  /** True for a mask and for a reduced copy of another page. */
  isDerived: boolean;
}

/**
 * TIFF 6.0: images of integers of 8 to 64 bits and floats of 32 and 64 bits, with any number of
 * channels, exactly. Writes uncompressed strips. Reads gray, RGB and palettes of 256 colors, in
 * strips and tiles, planar or not, in either byte order, also BigTIFF; uncompressed or with LZW,
 * Deflate or PackBits and their predictors. Samples are returned as stored: premultiplied alpha
 * stays so. Palettes are expanded to 8 bits if these suffice, else to 16. Everything else is
 * `Unsupported`, and so is a file of several pages, or planes in one page, without `page`.
 *
 * @example
 * ```ts
 * import { bytesFile } from "@holdfast/holdfast/files";
 * import { readRegion, tiff } from "@holdfast/holdfast/formats";
 * import { assertEquals } from "@std/assert";
 *
 * const data = Float32Array.from({ length: 12 }, (_, i) => i / 2);
 * const image = { data, width: 4, height: 3, channels: 1, dtype: "float32" } as const;
 * const file = bytesFile("heights.tif", await tiff().encode(image) as Uint8Array);
 * assertEquals(await tiff().decode(file), image);
 * const corner = await readRegion(file, { x: 2, y: 1, width: 2, height: 2 });
 * assertEquals([...corner.data], [3, 3.5, 5, 5.5]);
 * ```
 */
export function tiff({ maxPixels, page }: ImageOptions & {
  /** The page to read, from 0. @default the only one, not counting masks and reduced copies */
  page?: number;
} = {}): Format<Image<ImageDType>> {
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
      const layout = await readPage(reader, directory, maxPixels);
      const { width, height } = layout;
      checkPixels(file.path, imageOf(layout), maxPixels);
      return await readPixels(reader, directory, layout, { x: 0, y: 0, width, height });
    },
  };
}

/**
 * Reads a rectangle of a page, from only the strips or tiles that it touches, and from
 * uncompressed ones only the rows. `maxPixels` limits the rectangle and each compressed strip or
 * tile, not the page.
 *
 * @throws {RegistryError} `Invalid` for a rectangle outside of the page, `NotFound` for an unknown
 * page; else like {@linkcode tiff}
 */
export async function readRegion(
  file: FileToDecode,
  options: Rectangle & ImageOptions & FormatOptions & {
    /** The page, from 0. @default 0 */
    page?: number;
  },
): Promise<Image<ImageDType>> {
  checkFile(file, "read region");
  const { x, y, width, height, page = 0, maxPixels, signal } = options;
  const reader = await openTiff(file, signal);
  const directory = await directoryAt(reader, page);
  const layout = await readPage(reader, directory, maxPixels);
  const isInside = [x, y, width, height].every(Number.isSafeInteger) && x >= 0 && y >= 0 &&
    width >= 1 && height >= 1 &&
    x + width <= layout.width && y + height <= layout.height;
  if (isInside) {
    checkPixels(file.path, { width, height, channels: layout.channels }, maxPixels);
    return await readPixels(reader, directory, layout, { x, y, width, height });
  }
  const state =
    `${width} x ${height} at (${x}, ${y}) is not inside page ${page}, which has ${layout.width} x ${layout.height} pixels`;
  const hint = "Pass a region of at least one pixel inside the page; readPages() returns its size.";
  throw invalid("read region of", shown(file.path), state, { hint });
}

/** Describes the pages of a file in order, without reading their pixels. */
export async function readPages(
  file: FileToDecode,
  { signal }: FormatOptions = {},
): Promise<TiffPage[]> {
  checkFile(file, "read pages of an image");
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

/** `NewSubfileType`: bit 0 is a reduced copy, bit 2 a mask. */
async function isDerived(directory: Directory): Promise<boolean> {
  return (await directory.value(TAGS.subfile, 0) & 5) !== 0;
}

async function onlyDirectory(reader: TiffReader): Promise<Directory> {
  let only: Directory | undefined;
  for await (const directory of readDirectories(reader)) {
    if (await isDerived(directory)) continue;
    if (only !== undefined) {
      throw unsupportedImage(reader.path, "it has several pages", "Pass `page`.");
    }
    only = directory;
  }
  if (only === undefined) throw corruptImage(reader.path, "it has no pages");
  if (await hasPlanes(reader, only)) {
    const hint = "Pass `page: 0` for the first plane, or save the others as pages.";
    throw unsupportedImage(reader.path, "it has several planes in one page", hint);
  }
  return only;
}

/** Enough for the shape in a description. */
const DESCRIPTION_BYTES = 4096;

/** ImageJ, tifffile, SGI (`ImageDepth`) and MetaMorph store the planes of a stack in one page. */
async function hasPlanes(reader: TiffReader, directory: Directory): Promise<boolean> {
  if (directory.count(TAGS.stack) > 1 || await directory.value(TAGS.depth, 1) > 1) return true;
  for (const text of await directory.texts(TAGS.description, DESCRIPTION_BYTES)) {
    const [, planes] = /^ImageJ=[^]*?^images=(\d+)/m.exec(text) ?? [];
    if (Number(planes ?? 1) > 1 || /^\{[^]*"truncated": *true/.test(text)) return true;
    const [, json, old] = /^(?:\{"shape": *\[([\d, ]+)\]|shape=\(([\d, ]+)\))/.exec(text) ?? [];
    const shape = json ?? old;
    if (shape !== undefined && await isPartOf(shape, reader, directory)) return true;
  }
  return false;
}

/** Returns true if the samples of a shape, several times those of the page, follow each other. */
async function isPartOf(
  shape: string,
  { size }: TiffReader,
  directory: Directory,
): Promise<boolean> {
  const sides = shape.split(",").filter((side) => side.trim() !== "");
  const samples = sides.reduce((product, side) => product * Number(side), 1);
  const [width, height, channels, bits] = [
    await directory.value(TAGS.width),
    await directory.value(TAGS.height),
    await directory.value(TAGS.samples, 1),
    await directory.value(TAGS.bits, 1),
  ];
  const planes = samples / (width * height * channels);
  const isTiled = directory.count(TAGS.tileOffsets) > 0;
  const start = await directory.value(isTiled ? TAGS.tileOffsets : TAGS.stripOffsets, 0);
  return Number.isInteger(planes) && planes > 1 && start + samples * bits / 8 <= size;
}

async function directoryAt(reader: TiffReader, page: number): Promise<Directory> {
  let number = 0;
  for await (const directory of readDirectories(reader)) {
    if (number++ === page) return directory;
  }
  throw notFound("read page", `${page} of ${shown(reader.path)}`, `it has ${number} pages`, {
    hint: "Count pages from 0; readPages() describes them.",
  });
}

// Written is one image, uncompressed ("TIFF Revision 6.0", Adobe, 1992, sections 2 to 8, 18, 19).

/** Approximate size of a strip, at least one row. */
const STRIP_BYTES = 65_536;
const MAX_BYTES = 2 ** 32 - 1;

const RESOLUTION_X = 282;
const RESOLUTION_Y = 283;
const RESOLUTION_UNIT = 296;
const SHORT = 3;
const LONG = 4;
const RATIONAL = 5;
const BYTES_OF = { [SHORT]: 2, [LONG]: 4, [RATIONAL]: 8 };

/** An entry of the directory. A rational has two numbers. */
type Entry = [tag: number, type: keyof typeof BYTES_OF, values: readonly number[]];

/** Encodes an image in native byte order. Samples of a large one are copied piece by piece. */
function encodeTiff(
  { data, width, height, channels, dtype }: Image<ImageDType>,
): Uint8Array | FileSource {
  const samples = new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
  const rowBytes = samples.byteLength / height;
  const rowsPerStrip = Math.min(height, Math.max(1, Math.floor(STRIP_BYTES / rowBytes)));
  const strips = Math.ceil(height / rowsPerStrip);
  const isColor = channels === 3 || channels === 4;
  const extra = Array.from({ length: channels - (isColor ? 3 : 1) }, () => channels <= 4 ? 2 : 0);
  const each = (value: number, count: number) => Array.from({ length: count }, () => value);
  const entries: Entry[] = [
    [TAGS.width, LONG, [width]],
    [TAGS.height, LONG, [height]],
    [TAGS.bits, SHORT, each(data.BYTES_PER_ELEMENT * 8, channels)],
    [TAGS.compression, SHORT, [1]],
    [TAGS.photometric, SHORT, [isColor ? 2 : 1]],
    [TAGS.stripOffsets, LONG, each(0, strips)], // set below
    [TAGS.samples, SHORT, [channels]],
    [TAGS.rowsPerStrip, LONG, [rowsPerStrip]],
    [TAGS.stripSizes, LONG, each(rowsPerStrip * rowBytes, strips)],
    [RESOLUTION_X, RATIONAL, [1, 1]],
    [RESOLUTION_Y, RATIONAL, [1, 1]],
    [TAGS.planar, SHORT, [1]],
    [RESOLUTION_UNIT, SHORT, [1]],
    [TAGS.extraSamples, SHORT, extra],
    [TAGS.sampleFormat, SHORT, each(sampleFormat(dtype), channels)],
  ];
  const usedEntries = entries.filter(([, , values]) => values.length > 0);
  const values = usedEntries.reduce((sum, entry) => sum + outside(entry), 0);
  const dataOffset = Math.ceil((10 + usedEntries.length * 12 + 4 + values) / 8) * 8;
  const size = dataOffset + samples.byteLength;
  if (size > MAX_BYTES) {
    const hint = "Save the array as .npy, or the image in parts.";
    throw unwritableImage("TIFF", `the file would have ${size} bytes, more than 4 GiB`, hint);
  }
  for (const [tag, , values] of usedEntries as [number, number, number[]][]) {
    if (tag === TAGS.stripOffsets) {
      values.forEach((_, i) => values[i] = dataOffset + i * rowsPerStrip * rowBytes);
    }
    if (tag === TAGS.stripSizes) {
      values[strips - 1] = (height - (strips - 1) * rowsPerStrip) * rowBytes;
    }
  }
  return joinElements(encodeHeader(usedEntries, dataOffset), samples);
}

/** Returns the size of values that do not fit into their entry. */
function outside([, type, values]: Entry): number {
  const bytes = values.length * (type === RATIONAL ? 4 : BYTES_OF[type]);
  return bytes > 4 ? Math.ceil(bytes / 4) * 4 : 0;
}

function encodeHeader(entries: readonly Entry[], size: number): Uint8Array {
  const header = new Uint8Array(size);
  const view = new DataView(header.buffer);
  const order = !HOST_BIG_ENDIAN;
  header.fill(order ? 0x49 : 0x4d, 0, 2);
  view.setUint16(2, 42, order);
  view.setUint32(4, 8, order);
  view.setUint16(8, entries.length, order);
  let free = 10 + entries.length * 12 + 4;
  entries.forEach(([tag, type, values], i) => {
    const at = 10 + i * 12;
    view.setUint16(at, tag, order);
    view.setUint16(at + 2, type, order);
    view.setUint32(at + 4, type === RATIONAL ? values.length / 2 : values.length, order);
    const room = outside([tag, type, values]);
    if (room > 0) view.setUint32(at + 8, free, order);
    values.forEach((value, j) => {
      const start = room > 0 ? free : at + 8;
      if (type === SHORT) view.setUint16(start + j * 2, value, order);
      else view.setUint32(start + j * 4, value, order);
    });
    free += room;
  });
  return header;
}
