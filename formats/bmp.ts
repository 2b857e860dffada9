/**
 * Images as BMP.
 *
 * @module
 */
import type { Format } from "./content/format.ts";
import type { Image } from "./images/image.ts";
import {
  checkHolds,
  checkPixels,
  corruptImage,
  holdsImage,
  unsupportedImage,
  unwritableImage,
} from "./images/image_file.ts";
import type { Holds, ImageOptions } from "./images/image_file.ts";

const HOLDS: Holds = { dtypes: ["uint8"], channels: [1, 3, 4], maxSide: 2 ** 31 - 1 };
const MAX_FILE_BYTES = 2 ** 32 - 1;

/**
 * BMP, as Windows and OS/2 have it: `uint8` images that are grey, RGB, or RGB and alpha, exactly. Grey is written with a
 * palette of 256 greys, RGB in 24 bits, RGB and alpha in 32 with masks that say so.
 *
 * A palette is expanded when read: to grey where all its colours are grey, else to RGB. Pixels of 32 bits without masks
 * are RGB: their fourth byte means nothing. Runs, JPEG and PNG inside, and pixels of 16 bits, whose samples are no whole
 * bytes, are `Unsupported`. What is said about the pixels (resolution, profiles) is not read, nor written.
 *
 * @example
 * ```ts
 * import { bytesFile } from "@holdfast/holdfast/files";
 * import { bmp } from "@holdfast/holdfast/formats";
 * import { assertEquals } from "@std/assert";
 *
 * const image = { data: Uint8Array.of(1, 2, 3, 4, 5, 6), width: 1, height: 2, channels: 3, dtype: "uint8" } as const;
 * const bytes = await bmp().encode(image) as Uint8Array;
 * assertEquals(await bmp().decode(bytesFile("well.bmp", bytes)), image);
 * ```
 */
export function bmp({ maxPixels }: ImageOptions = {}): Format<Image> {
  return {
    id: "bmp",
    extensions: [".bmp"],
    mediaType: "image/bmp",
    accepts: (value) => holdsImage(value, HOLDS) && fileBytes(value) <= MAX_FILE_BYTES,
    encode(image) {
      checkHolds("BMP", image, HOLDS);
      const size = fileBytes(image);
      if (size <= MAX_FILE_BYTES) return encodeBmp(image, size);
      throw unwritableImage(
        "BMP",
        `it would have ${size} bytes`,
        "A BMP file has up to 4 GiB: write TIFF or PNG.",
      );
    },
    async decode(file, { signal } = {}) {
      const bytes = await file.bytes();
      signal?.throwIfAborted();
      const header = readBmpHeader(bytes, file.path, maxPixels);
      return header.palette === undefined
        ? readSamples(bytes, header)
        : readIndexed(bytes, header as Required<BmpHeader>, file.path);
    },
  };
}

/** Where a row of the image begins in the file. */
function rowAt({ height, isFromTop, rowBytes, offset }: BmpHeader, row: number): number {
  return offset + rowBytes * (isFromTop ? row : height - 1 - row);
}

function readSamples(bytes: Uint8Array, header: BmpHeader): Image {
  const { width, height, bits, places } = header;
  const channels = places.length;
  const data = new Uint8Array(width * height * channels);
  for (let row = 0, to = 0; row < height; row++) {
    let from = rowAt(header, row);
    for (let column = 0; column < width; column++, from += bits / 8) {
      for (const place of places) data[to++] = bytes[from + place];
    }
  }
  return { data, width, height, channels, dtype: "uint8" };
}

function readIndexed(bytes: Uint8Array, header: Required<BmpHeader>, path: string): Image {
  const { width, height, bits, palette } = header;
  const channels = isGrey(palette) ? 1 : 3;
  const data = new Uint8Array(width * height * channels);
  for (let row = 0, to = 0; row < height; row++) {
    const begin = rowAt(header, row);
    for (let column = 0; column < width; column++) {
      const bit = column * bits;
      const index = bytes[begin + (bit >> 3)] >> (8 - bits - (bit & 7)) & ((1 << bits) - 1);
      const from = index * 4;
      if (from >= palette.byteLength) {
        throw corruptImage(path, `its palette has no colour ${index}`);
      }
      for (let channel = 0; channel < channels; channel++) data[to++] = palette[from + 2 - channel];
    }
  }
  return { data, width, height, channels, dtype: "uint8" };
}

function isGrey(palette: Uint8Array): boolean {
  for (let i = 0; i < palette.byteLength; i += 4) {
    if (palette[i] !== palette[i + 1] || palette[i] !== palette[i + 2]) return false;
  }
  return true;
}

/** Bytes before the rows. */
function headBytes(channels: number): number {
  return FILE_HEADER_BYTES + (channels === 4 ? V4_HEADER_BYTES : INFO_HEADER_BYTES) +
    (channels === 1 ? 1024 : 0);
}

function rowBytesOf({ width, channels }: Image): number {
  return Math.ceil(width * channels / 4) * 4;
}

function fileBytes(image: Image): number {
  return headBytes(image.channels) + rowBytesOf(image) * image.height;
}

function encodeBmp(image: Image, size: number): Uint8Array {
  const { data, width, height, channels } = image;
  const offset = headBytes(channels);
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, BM);
  view.setUint32(2, size, true);
  view.setUint32(10, offset, true);
  view.setUint32(14, channels === 4 ? V4_HEADER_BYTES : INFO_HEADER_BYTES, true);
  view.setInt32(18, width, true);
  view.setInt32(22, height, true);
  view.setUint16(26, 1, true); // planes
  view.setUint16(28, channels * 8, true);
  view.setUint32(34, size - offset, true);
  if (channels === 4) {
    view.setUint32(30, COMPRESSIONS.masks, true);
    for (const [i, mask] of [0xff0000, 0xff00, 0xff, 0xff000000].entries()) {
      view.setUint32(54 + i * 4, mask, true);
    }
    view.setUint32(70, 0x73524742, true); // sRGB
  }
  if (channels === 1) {
    for (let grey = 0; grey < 256; grey++) bytes.fill(grey, 54 + grey * 4, 57 + grey * 4);
  }
  const rowBytes = rowBytesOf(image);
  for (let row = 0, from = 0; row < height; row++) {
    let to = offset + rowBytes * (height - 1 - row);
    for (let column = 0; column < width; column++, from += channels) {
      if (channels === 1) bytes[to++] = data[from];
      else {
        bytes[to++] = data[from + 2];
        bytes[to++] = data[from + 1];
        bytes[to++] = data[from];
        if (channels === 4) bytes[to++] = data[from + 3];
      }
    }
  }
  return bytes;
}

/** The letters that a file begins with. */
const BM = 0x424d;
const FILE_HEADER_BYTES = 14;
const INFO_HEADER_BYTES = 40;
/** Bytes of a BITMAPV4HEADER. */
const V4_HEADER_BYTES = 108;
/** How pixels are packed: as they are, or by masks that say where the samples are. */
const COMPRESSIONS = { none: 0, masks: 3, masksWithAlpha: 6 };

const CORE_HEADER_BYTES = 12;
/** What else there is: with masks for red, green and blue, and for alpha, in them. */
const HEADER_BYTES = [CORE_HEADER_BYTES, INFO_HEADER_BYTES, 52, 56, V4_HEADER_BYTES, 124];
/** The places of red, green and blue in pixels of 24 and 32 bits where no masks say others: bytes. */
const PLACES = [2, 1, 0];

/** What is needed of a file to read its pixels. */
interface BmpHeader {
  width: number;
  height: number;
  isFromTop: boolean;
  /** Bits of a pixel: 1, 4, 8, 24 or 32. */
  bits: number;
  rowBytes: number;
  offset: number;
  /** The colours of an indexed image, four samples each: blue, green, red and nothing. */
  palette?: Uint8Array;
  /** Where the samples of the others lie in a pixel, bytes: red, green, blue, and alpha where there is one. */
  places: readonly number[];
}

/** Returns the bytes of the second header, which is all there. */
function readHeaderSize(view: DataView, path: string): number {
  if (view.byteLength < 2 || view.getUint16(0) !== BM) {
    throw corruptImage(path, "it is no BMP file");
  }
  const cutOff = () => corruptImage(path, "its header is cut off");
  if (view.byteLength < FILE_HEADER_BYTES + CORE_HEADER_BYTES) throw cutOff();
  const size = view.getUint32(FILE_HEADER_BYTES, true);
  if (!HEADER_BYTES.includes(size)) throw unsupportedImage(path, `its header has ${size} bytes`);
  if (view.byteLength < FILE_HEADER_BYTES + size) throw cutOff();
  return size;
}

/** Reads the headers and the palette; throws where the rows are not all there. */
function readBmpHeader(bytes: Uint8Array, path: string, maxPixels?: number): BmpHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const size = readHeaderSize(view, path);
  const offset = view.getUint32(10, true);
  const isCore = size === CORE_HEADER_BYTES;
  const width = isCore ? view.getUint16(18, true) : view.getInt32(18, true);
  const rows = isCore ? view.getUint16(20, true) : view.getInt32(22, true);
  const bits = view.getUint16(isCore ? 24 : 28, true);
  const compression = isCore ? COMPRESSIONS.none : view.getUint32(30, true);
  const height = Math.abs(rows);
  checkPixels(path, { width, height }, maxPixels);
  const masks = readPlaces(path, view, { size, bits, compression });
  const rowBytes = Math.ceil(width * bits / 32) * 4;
  const begin = FILE_HEADER_BYTES + size + masks.bytes;
  if (offset < begin || offset + rowBytes * height > bytes.byteLength) {
    throw corruptImage(
      path,
      `its rows need ${rowBytes * height} bytes at ${offset}, it has ${bytes.byteLength}`,
    );
  }
  const header = {
    width,
    height,
    isFromTop: rows < 0,
    bits,
    rowBytes,
    offset,
    places: masks.places,
  };
  if (bits > 8) return header;
  const said = isCore ? 0 : view.getUint32(46, true);
  if (said > 2 ** bits) throw corruptImage(path, `its palette has ${said} colours`);
  const palette = readPalette(bytes.subarray(begin, offset), said || 2 ** bits, isCore ? 3 : 4);
  return { ...header, palette };
}

/** Reads up to so many colours, each of so many bytes. */
function readPalette(bytes: Uint8Array, most: number, colourBytes: number): Uint8Array {
  const count = Math.min(most, Math.floor(bytes.byteLength / colourBytes));
  const palette = new Uint8Array(count * 4);
  for (let colour = 0; colour < count; colour++) {
    const from = colour * colourBytes;
    palette.set(bytes.subarray(from, from + 3), colour * 4);
  }
  return palette;
}

/** Where the samples lie, and how many bytes of masks stand behind the header. */
function readPlaces(
  path: string,
  view: DataView,
  { size, bits, compression }: { size: number; bits: number; compression: number },
): { places: readonly number[]; bytes: number } {
  const isKnown = [1, 4, 8, 24].includes(bits) ? compression === COMPRESSIONS.none : bits === 32;
  if (!isKnown || !Object.values(COMPRESSIONS).includes(compression)) {
    throw unsupportedImage(path, `it has pixels of ${bits} bits with compression ${compression}`);
  }
  if (compression === COMPRESSIONS.none) return { places: PLACES, bytes: 0 };
  const count = compression === COMPRESSIONS.masksWithAlpha || size >= 56 ? 4 : 3;
  const at = FILE_HEADER_BYTES + INFO_HEADER_BYTES;
  if (view.byteLength < at + count * 4) throw corruptImage(path, "its masks are cut off");
  const masks = Array.from({ length: count }, (_, i) => view.getUint32(at + i * 4, true));
  if (masks[3] === 0) masks.pop(); // it has no alpha
  const places = masks.map((mask) => [0xff, 0xff00, 0xff0000, 0xff000000].indexOf(mask));
  if (places.includes(-1) || new Set(places).size !== places.length) {
    const shown = masks.map((mask) => mask.toString(16)).join(", ");
    throw unsupportedImage(
      path,
      `its samples are no whole bytes, or share them: the masks are ${shown}`,
    );
  }
  return { places, bytes: size === INFO_HEADER_BYTES ? count * 4 : 0 };
}
