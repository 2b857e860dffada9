/**
 * Images as WebP.
 *
 * @module
 */
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
  fromRgba,
  holdsImage,
  loadWasm,
  readingFailed,
  toRgba,
  unsupportedImage,
  unwritableImage,
} from "./images/image_file.ts";
import type { Holds, ImageOptions } from "./images/image_file.ts";

export type * from "./content/format.ts";
export { isImage, toArray, toImage } from "./images/image.ts";
export type { Image, ImageDType } from "./images/image.ts";
export type { ImageOptions } from "./images/image_file.ts";

const HOLDS: Holds = { dtypes: ["uint8"], channels: [3, 4], maxSide: 16_383 };

/** What the compiled code offers. */
interface Encoder {
  encode(
    rgba: Uint8ClampedArray,
    width: number,
    height: number,
    options: object,
  ): Uint8Array | null;
}

interface Decoder {
  decode(bytes: Uint8Array): { data: Uint8ClampedArray; width: number; height: number } | null;
}

/** Options of {@linkcode webp}. */
export interface WebpOptions extends ImageOptions {
  /** Writes smaller files, whose pixels are others when they are read again. @default false */
  lossy?: boolean;
  /** From 1 to 100, of what is written with `lossy`. @default 90 */
  quality?: number;
}

/**
 * WebP (RFC 9649): `uint8` images that are RGB, or RGB and alpha; exactly, unless `lossy: true`. Animated files are
 * `Unsupported`. A lossy file cannot say that its alpha is full everywhere, so such an image is written as RGB, or not.
 *
 * The code is WASM, compiled from libwebp. Deno, Bun and browsers load it from its package (`--allow-read` of Deno's
 * cache); Node does not.
 *
 * @example
 * ```ts
 * import { webp } from "@holdfast/holdfast/formats/webp";
 * import { assertEquals } from "@std/assert";
 *
 * const image = { data: Uint8Array.of(1, 2, 3, 250, 9, 8, 7, 0), width: 2, height: 1, channels: 4, dtype: "uint8" } as const;
 * const bytes = await webp().encode(image) as Uint8Array<ArrayBuffer>;
 * const file = {
 *   path: "mask.webp",
 *   size: bytes.byteLength,
 *   bytes: () => Promise.resolve(bytes),
 *   stream: () => new Blob([bytes]).stream(),
 * };
 * assertEquals(await webp().decode(file), image);
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
        throw unwritableImage(
          "WebP",
          "its alpha is full everywhere",
          "Write it with three channels.",
        );
      }
      const { encode } = await loadWasm<Encoder>("WebP", encoder, []);
      signal?.throwIfAborted();
      const how = lossy ? { quality } : { lossless: 1, exact: 1 };
      const bytes = encode(toRgba(image), image.width, image.height, { ...defaultOptions, ...how });
      if (bytes === null) {
        throw unwritableImage("WebP", "its encoder gave up", "Write it as PNG, or in parts.");
      }
      if (!lossy && image.channels === 4) markAlpha(bytes);
      return bytes;
    },
    async decode(file, { signal } = {}) {
      const bytes = await file.bytes();
      const { width, height, alpha } = readWebpChunks(bytes, file.path, maxPixels);
      const { decode } = await loadWasm<Decoder>("WebP", decoder, []);
      signal?.throwIfAborted();
      const data = decodePixels(decode, bytes, file.path);
      if (data.length !== width * height * 4) {
        throw corruptImage(file.path, "it has another size than it says");
      }
      const channels = alpha ? 4 : 3;
      return { data: fromRgba(data, channels), width, height, channels, dtype: "uint8" };
    },
  };
}

function isOpaque({ data }: Image): boolean {
  for (let i = 3; i < data.length; i += 4) {
    if (data[i] !== 255) return false;
  }
  return true;
}

function decodePixels(
  decode: Decoder["decode"],
  bytes: Uint8Array,
  path: string,
): Uint8ClampedArray {
  try {
    const pixels = decode(bytes);
    if (pixels !== null) return pixels.data;
  } catch (error) {
    throw readingFailed(path, error);
  }
  throw corruptImage(path, "it is damaged");
}

interface WebpHeader {
  width: number;
  height: number;
  alpha: boolean;
}

/** Where the payload of the only chunk of a file without extensions begins. */
const PAYLOAD = 20;
/** Flags of the extended format, section 2.7. */
const ANIMATION = 0x02;

function readWebpChunks(bytes: Uint8Array, path: string, maxPixels?: number): WebpHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = (at: number) => String.fromCharCode(...bytes.subarray(at, at + 4));
  if (text(0) !== "RIFF" || text(8) !== "WEBP") throw corruptImage(path, "it is no WebP file");
  const end = view.getUint32(4, true) + 8;
  if (end > bytes.byteLength) throw corruptImage(path, "it is cut off");
  let alpha = false;
  for (let at = 12; at + 8 <= end;) {
    const size = view.getUint32(at + 4, true);
    if (at + 8 + size > end) throw corruptImage(path, "it is cut off");
    const content = new DataView(bytes.buffer, bytes.byteOffset + at + 8, size);
    const type = text(at);
    if (type === "VP8X") {
      if (size < 10) throw corruptImage(path, "its header is cut off");
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
        ? lossyFrame(content, alpha, path)
        : losslessFrame(content, path);
      checkPixels(path, frame, maxPixels);
      return frame;
    }
    at += 8 + size + size % 2;
  }
  throw corruptImage(path, "it has no pixels");
}

/** The frame header of VP8, RFC 6386 section 9.1: three bytes, three that are known, and two sides of 14 bits. */
function lossyFrame(content: DataView, alpha: boolean, path: string): WebpHeader {
  if (content.byteLength < 10 || content.getUint32(2, true) >>> 8 !== 0x2a019d) {
    throw corruptImage(path, "its frame does not begin as one");
  }
  return {
    width: content.getUint16(6, true) & 0x3fff,
    height: content.getUint16(8, true) & 0x3fff,
    alpha,
  };
}

/** The header of lossless pixels, RFC 9649 section 3.4: a byte that is known, two sides of 14 bits less one, and alpha. */
function losslessFrame(content: DataView, path: string): WebpHeader {
  if (content.byteLength < 5 || content.getUint8(0) !== 0x2f) {
    throw corruptImage(path, "its pixels do not begin as such");
  }
  const bits = content.getUint32(1, true);
  return {
    width: (bits & 0x3fff) + 1,
    height: (bits >>> 14 & 0x3fff) + 1,
    alpha: (bits >>> 28 & 1) === 1,
  };
}

/**
 * Says of a lossless file that it has alpha. It is a hint, which does not change how pixels are decoded; an encoder does
 * not give it where all alpha is full, and the image would have lost a channel.
 */
function markAlpha(bytes: Uint8Array): void {
  bytes[PAYLOAD + 4] |= 0x10;
}
