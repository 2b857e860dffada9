/**
 * Images as BMP.
 *
 * @module
 */
import { viewOf } from "./arrays/view_bytes.ts";
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
 * BMP of Windows and OS/2: `uint8` images that are gray, RGB, or RGB and alpha, exactly. Gray is
 * written with a palette of 256 grays, RGB in 24 bits, RGB and alpha in 32 bits with masks.
 *
 * A palette is expanded when read: to gray if all its colors are gray, else to RGB. Pixels of 32
 * bits without masks are RGB. Run lengths, embedded JPEG and PNG, and pixels of 16 bits are
 * `Unsupported`. Metadata (resolution, profiles) is neither read nor written.
 *
 * @example
 * ```ts
 * import { bytesFile } from "@holdfast/holdfast/files";
 * import { bmp } from "@holdfast/holdfast/formats";
 * import { assertEquals } from "@std/assert";
 *
 * const data = Uint8Array.of(1, 2, 3, 4, 5, 6);
 * const image = { data, width: 1, height: 2, channels: 3, dtype: "uint8" } as const;
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
      throw unwritableImage("BMP", `it would have ${size} bytes`, "Use TIFF or PNG above 4 GiB.");
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

/** Returns the offset of a row of the image. */
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
      for (const place of places) data[to++] = bytes[from + place]!;
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
      const index = bytes[begin + (bit >> 3)]! >> (8 - bits - (bit & 7)) & ((1 << bits) - 1);
      const from = index * 4;
      if (from >= palette.byteLength) {
        throw corruptImage(path, `its palette has no color ${index}`);
      }
      for (let i = 0; i < channels; i++) data[to++] = palette[from + 2 - i]!;
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

/** Returns the size of the headers and the palette. */
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
    for (let gray = 0; gray < 256; gray++) bytes.fill(gray, 54 + gray * 4, 57 + gray * 4);
  }
  const rowBytes = rowBytesOf(image);
  const order = channels === 1 ? [0] : [2, 1, 0, 3].slice(0, channels);
  for (let row = 0, from = 0; row < height; row++) {
    let to = offset + rowBytes * (height - 1 - row);
    for (let column = 0; column < width; column++, from += channels) {
      for (const channel of order) bytes[to++] = data[from + channel]!;
    }
  }
  return bytes;
}

/** Magic bytes. */
const BM = 0x424d;
const FILE_HEADER_BYTES = 14;
const INFO_HEADER_BYTES = 40;
/** Size of a BITMAPV4HEADER. */
const V4_HEADER_BYTES = 108;
/** Pixel layouts: default, or with masks. */
const COMPRESSIONS = { none: 0, masks: 3, masksWithAlpha: 6 };

const CORE_HEADER_BYTES = 12;
/** Sizes of all header versions; those of 52 and 56 add masks for RGB, and for alpha. */
const HEADER_BYTES = [CORE_HEADER_BYTES, INFO_HEADER_BYTES, 52, 56, V4_HEADER_BYTES, 124];
/** Offsets of red, green and blue in pixels of 24 and 32 bits without masks. */
const PLACES = [2, 1, 0];

/** The fields that are needed to read the pixels. */
interface BmpHeader {
  width: number;
  height: number;
  isFromTop: boolean;
  /** Bits per pixel: 1, 4, 8, 24 or 32. */
  bits: number;
  rowBytes: number;
  offset: number;
  /** The colors of an indexed image, four bytes each: blue, green, red, unused. */
  palette?: Uint8Array;
  /** Byte offsets of samples in other pixels: red, green, blue, and alpha if there is one. */
  places: readonly number[];
}

/** Returns the size of the second header, and checks that the file contains it. */
function readHeaderSize(view: DataView, path: string): number {
  if (view.byteLength < 2 || view.getUint16(0) !== BM) throw corruptImage(path, "not a BMP file");
  const isCut = view.byteLength < FILE_HEADER_BYTES + CORE_HEADER_BYTES;
  const size = isCut ? CORE_HEADER_BYTES : view.getUint32(FILE_HEADER_BYTES, true);
  if (!HEADER_BYTES.includes(size)) throw unsupportedImage(path, `its header has ${size} bytes`);
  if (view.byteLength >= FILE_HEADER_BYTES + size) return size;
  throw corruptImage(path, "header is truncated");
}

/** Reads the headers and the palette. Throws if rows are missing. */
function readBmpHeader(bytes: Uint8Array, path: string, maxPixels?: number): BmpHeader {
  const view = viewOf(bytes);
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
    const needed = `${rowBytes * height} bytes at ${offset}`;
    throw corruptImage(path, `rows need ${needed}, the file has ${bytes.byteLength}`);
  }
  const isFromTop = rows < 0;
  const { places } = masks;
  const header = { width, height, isFromTop, bits, rowBytes, offset, places };
  if (bits > 8) return header;
  const declared = isCore ? 0 : view.getUint32(46, true);
  if (declared > 2 ** bits) throw corruptImage(path, `its palette has ${declared} colors`);
  const colors = declared || 2 ** bits;
  const palette = readPalette(bytes.subarray(begin, offset), colors, isCore ? 3 : 4);
  return { ...header, palette };
}

/** Reads up to `most` colors of `colorBytes` bytes each. */
function readPalette(bytes: Uint8Array, most: number, colorBytes: number): Uint8Array {
  const count = Math.min(most, Math.floor(bytes.byteLength / colorBytes));
  const palette = new Uint8Array(count * 4);
  for (let color = 0; color < count; color++) {
    const from = color * colorBytes;
    palette.set(bytes.subarray(from, from + 3), color * 4);
  }
  return palette;
}

/** Returns the offsets of samples, and the size of the masks behind the header. */
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
  if (view.byteLength < at + count * 4) throw corruptImage(path, "masks are truncated");
  const masks = Array.from({ length: count }, (_, i) => view.getUint32(at + i * 4, true));
  if (masks[3] === 0) masks.pop(); // no alpha
  const places = masks.map((mask) => [0xff, 0xff00, 0xff0000, 0xff000000].indexOf(mask));
  if (places.includes(-1) || new Set(places).size !== places.length) {
    const shown = masks.map((mask) => mask.toString(16)).join(", ");
    throw unsupportedImage(path, `its samples are not separate whole bytes: masks ${shown}`);
  }
  return { places, bytes: size === INFO_HEADER_BYTES ? count * 4 : 0 };
}
