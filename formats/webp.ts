/**
 * Images as WebP.
 *
 * @module
 */
import { viewOf } from "./arrays/view_bytes.ts";
import decoder from "npm:@jsquash/webp@^1.5/codec/dec/webp_dec.js";
import encoder from "npm:@jsquash/webp@^1.5/codec/enc/webp_enc.js";
import { defaultOptions } from "npm:@jsquash/webp@^1.5/meta.js";
import type { Format } from "./content/format.ts";
import type { Image } from "./images/image.ts";
import {
  checkHolds,
  checkPixels,
  checkQuality,
  corruptImage,
  decodePixels,
  holdsImage,
  loadEncoder,
  toRgba,
  unsupportedImage,
  unwritableImage,
} from "./images/image_file.ts";
import type { Holds, ImageOptions } from "./images/image_file.ts";

export type * from "./content/format.ts";
export { toArray, toImage } from "./images/image.ts";
export type { Image, ImageDType } from "./images/image.ts";
export type { ImageOptions } from "./images/image_file.ts";

const HOLDS: Holds = { dtypes: ["uint8"], channels: [3, 4], maxSide: 16_383 };

/** Options of {@linkcode webp}. */
export interface WebpOptions extends ImageOptions {
  /** Writes smaller files, which changes pixels. @default false */
  lossy?: boolean;
  /** Quality of files written with `lossy`, 1 to 100. @default 90 */
  quality?: number;
}

/**
 * WebP (RFC 9649): `uint8` images that are RGB, or RGB and alpha; exactly, unless `lossy: true`.
 * Animated files are `Unsupported`. A lossy file cannot store alpha that is opaque everywhere, so
 * such an image is refused.
 *
 * The code is libwebp, compiled to WASM. Deno (with `--allow-read` for its cache), Bun and
 * browsers load it from its package; Node does not.
 *
 * @example
 * ```ts
 * import { bytesFile } from "@holdfast/holdfast/files";
 * import { webp } from "@holdfast/holdfast/formats/webp";
 * import { assertEquals } from "@std/assert";
 *
 * const data = Uint8Array.of(1, 2, 3, 250, 9, 8, 7, 0);
 * const image = { data, width: 2, height: 1, channels: 4, dtype: "uint8" } as const;
 * const bytes = await webp().encode(image) as Uint8Array;
 * assertEquals(await webp().decode(bytesFile("mask.webp", bytes)), image);
 * ```
 */
export function webp({ maxPixels, lossy = false, quality = 90 }: WebpOptions = {}): Format<Image> {
  checkQuality("WebP", quality);
  const isKept = (image: Image) => !lossy || image.channels === 3 || !isOpaque(image);
  return {
    id: "webp",
    extensions: [".webp"],
    mediaType: "image/webp",
    accepts: (value) => holdsImage(value, HOLDS) && isKept(value),
    async encode(image, { signal } = {}) {
      checkHolds("WebP", image, HOLDS);
      if (!isKept(image)) {
        throw unwritableImage("WebP", "its alpha is opaque everywhere", "Drop its fourth channel.");
      }
      const { encode } = await loadEncoder("WebP", encoder, signal);
      const how = lossy ? { quality } : { lossless: 1, exact: 1 };
      const bytes = encode(toRgba(image), image.width, image.height, { ...defaultOptions, ...how });
      if (bytes === null) {
        throw unwritableImage("WebP", "its encoder failed", "Write it as PNG, or in parts.");
      }
      // The encoder omits the flag if all alpha is opaque, and the image would lose a channel.
      if (!lossy && image.channels === 4) bytes[PAYLOAD + 4]! |= 0x10;
      return bytes;
    },
    async decode(file, { signal } = {}) {
      const bytes = await file.bytes();
      const { width, height, alpha } = readWebpChunks(bytes, file.path, maxPixels);
      const given = { format: "WebP", decoder, args: [bytes], path: file.path };
      return await decodePixels(given, { width, height, channels: alpha ? 4 : 3 }, signal);
    },
  };
}

function isOpaque({ data }: Image): boolean {
  for (let i = 3; i < data.length; i += 4) {
    if (data[i] !== 255) return false;
  }
  return true;
}

interface WebpHeader {
  width: number;
  height: number;
  alpha: boolean;
}

/** Offset of the payload in a file of one chunk. */
const PAYLOAD = 20;
/** Flags of the extended format, section 2.7. */
const ANIMATION = 0x02;

function readWebpChunks(bytes: Uint8Array, path: string, maxPixels?: number): WebpHeader {
  const view = viewOf(bytes);
  const text = (at: number) => String.fromCharCode(...bytes.subarray(at, at + 4));
  if (text(0) !== "RIFF" || text(8) !== "WEBP") throw corruptImage(path, "not a WebP file");
  const end = view.getUint32(4, true) + 8;
  if (end > bytes.byteLength) throw corruptImage(path, "file is truncated");
  let alpha = false;
  for (let at = 12; at + 8 <= end;) {
    const size = view.getUint32(at + 4, true);
    if (at + 8 + size > end) throw corruptImage(path, "file is truncated");
    const content = new DataView(bytes.buffer, bytes.byteOffset + at + 8, size);
    const type = text(at);
    if (type === "VP8X") {
      if (size < 10) throw corruptImage(path, "header is truncated");
      if ((content.getUint8(0) & ANIMATION) !== 0) throw unsupportedImage(path, "it is animated");
      const canvas = {
        width: (content.getUint32(3, true) >>> 8) + 1,
        height: (content.getUint32(6, true) >>> 8) + 1,
      };
      checkPixels(path, canvas, maxPixels); // the decoder compares it with the frame
    } else if (type === "ALPH") alpha = true;
    else if (type === "ANIM" || type === "ANMF") throw unsupportedImage(path, "it is animated");
    else if (type === "VP8 " || type === "VP8L") {
      const frame = type === "VP8 "
        ? { ...lossyFrame(content, path), alpha }
        : losslessFrame(content, path);
      checkPixels(path, frame, maxPixels);
      return frame;
    }
    at += 8 + size + size % 2;
  }
  throw corruptImage(path, "it has no pixels");
}

/** Parses the frame header of VP8, RFC 6386 section 9.1: a tag, a start code, two 14-bit sides. */
function lossyFrame(content: DataView, path: string): Omit<WebpHeader, "alpha"> {
  if (content.byteLength < 10 || content.getUint32(2, true) >>> 8 !== 0x2a019d) {
    throw corruptImage(path, "invalid start of its frame");
  }
  const side = (at: number) => content.getUint16(at, true) & 0x3fff;
  return { width: side(6), height: side(8) };
}

/** Parses the header of lossless pixels, RFC 9649 section 3.4: a signature, two sides, alpha. */
function losslessFrame(content: DataView, path: string): WebpHeader {
  if (content.byteLength < 5 || content.getUint8(0) !== 0x2f) {
    throw corruptImage(path, "invalid start of its pixels");
  }
  const bits = content.getUint32(1, true);
  return {
    width: (bits & 0x3fff) + 1,
    height: (bits >>> 14 & 0x3fff) + 1,
    alpha: (bits >>> 28 & 1) === 1,
  };
}
