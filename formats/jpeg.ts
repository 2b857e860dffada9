/**
 * Images as JPEG.
 *
 * @module
 */
import { providePart } from "../core/urls/provide_part.ts";
import { viewOf } from "./arrays/view_bytes.ts";
import decoder from "npm:@jsquash/jpeg@^1.6/codec/dec/mozjpeg_dec.js";
import encoder from "npm:@jsquash/jpeg@^1.6/codec/enc/mozjpeg_enc.js";
import { defaultEncodeOptions } from "npm:@jsquash/jpeg@^1.6/meta.js";
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

const HOLDS: Holds = { dtypes: ["uint8"], channels: [1, 3], maxSide: 65_500 };
const GREY = 1;
const YCBCR = 3;

/**
 * JPEG (ITU-T T.81): `uint8` images that are gray or RGB. Images are not rotated by their EXIF
 * orientation. CMYK, 12 bits and arithmetic coding are `Unsupported`. Truncated files, and those
 * that make the decoder warn, are `Corrupt`; JPEG has no checksum, so other damage changes pixels
 * unnoticed. Writing changes pixels too, and needs `lossy: true`.
 *
 * The code is MozJPEG, compiled to WASM. Deno (with `--allow-read` for its cache), Bun and
 * browsers load it from its package; Node does not.
 *
 * @example
 * ```ts
 * import { bytesFile } from "@holdfast/holdfast/files";
 * import { jpeg } from "@holdfast/holdfast/formats/jpeg";
 * import { assert, assertEquals } from "@std/assert";
 *
 * const data = new Uint8Array(64).fill(128);
 * const image = { data, width: 8, height: 8, channels: 1, dtype: "uint8" } as const;
 * assert(!jpeg().accepts(image));
 * const bytes = await jpeg({ lossy: true }).encode(image) as Uint8Array;
 * assertEquals((await jpeg().decode(bytesFile("photo.jpg", bytes))).channels, 1);
 * ```
 */
export function jpeg({ maxPixels, lossy = false, quality = 90 }: ImageOptions & {
  /** Allows writing, which changes pixels. @default false */
  lossy?: boolean;
  /** Quality of written files, 1 to 100. @default 90 */
  quality?: number;
} = {}): Format<Image> {
  checkQuality("JPEG", quality);
  return {
    id: "jpeg",
    extensions: [".jpg", ".jpeg"],
    mediaType: "image/jpeg",
    accepts: (value) => lossy && holdsImage(value, HOLDS),
    async encode(image, { signal } = {}) {
      if (!lossy) {
        const hint = "Use jpeg({ lossy: true }), or PNG.";
        throw unwritableImage("JPEG", "it would change the pixels", hint);
      }
      checkHolds("JPEG", image, HOLDS);
      const { encode } = await loadEncoder("JPEG", encoder, signal);
      const color_space = image.channels === 1 ? GREY : YCBCR;
      const options = { ...defaultEncodeOptions, quality, color_space };
      return encode(toRgba(image), image.width, image.height, options)!;
    },
    async decode(file, { signal } = {}) {
      const bytes = await file.bytes();
      const frame = readJpegMarkers(bytes, file.path, maxPixels);
      const source = { format: "JPEG", decoder, args: [bytes, false], path: file.path };
      return await decodePixels(source, frame, signal);
    },
  };
}

interface JpegFrame {
  width: number;
  height: number;
  channels: number;
}

/** Maximum number of scans: a progressive image has about ten, and each visits all pixels. */
const MAX_SCANS = 100;

const START = 0xd8;
const END = 0xd9;
const SCAN = 0xda;

function readJpegMarkers(bytes: Uint8Array, path: string, maxPixels?: number): JpegFrame {
  if (bytes[0] !== 0xff || bytes[1] !== START) throw corruptImage(path, "not a JPEG file");
  let frame: JpegFrame | undefined;
  let scans = 0;
  for (const { marker, content } of segmentsOf(bytes, path)) {
    if (marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) {
      if (frame !== undefined) throw corruptImage(path, "it has two frames");
      frame = parseFrame(marker, content, path, maxPixels);
    }
    if (marker !== SCAN) continue;
    if (frame === undefined) throw corruptImage(path, "a scan precedes the header");
    if (++scans > MAX_SCANS) throw unsupportedImage(path, `it has more than ${MAX_SCANS} scans`);
  }
  if (frame === undefined || scans === 0) throw corruptImage(path, "it has no pixels");
  // Each block of 8 x 8 pixels takes at least a bit.
  const blocks = Math.ceil(frame.width / 8) * Math.ceil(frame.height / 8);
  if (bytes.byteLength * 8 >= blocks) return frame;
  const size = `${frame.width} x ${frame.height} pixels`;
  throw corruptImage(path, `its ${bytes.byteLength} bytes cannot hold ${size}`);
}

/** Yields the segments up to the end marker. Entropy-coded data is skipped. */
function* segmentsOf(
  bytes: Uint8Array,
  path: string,
): Generator<{ marker: number; content: Uint8Array }> {
  const view = viewOf(bytes);
  for (let at = 2;;) {
    if (at + 2 > bytes.byteLength) throw corruptImage(path, "file is truncated");
    const marker = view.getUint8(at + 1);
    if (bytes[at] !== 0xff) throw corruptImage(path, `no marker at byte ${at}`);
    if (marker === END) return;
    if (marker === 0xff) {
      at++; // any number of fill bytes may precede a marker
      continue;
    }
    if (marker < 0xc0 || (marker >= 0xd0 && marker <= START)) {
      throw corruptImage(path, `invalid marker ${marker.toString(16)} at byte ${at}`);
    }
    const size = at + 4 > bytes.byteLength ? 0 : view.getUint16(at + 2);
    const end = at + 2 + size;
    if (size < 2 || end > bytes.byteLength) throw corruptImage(path, "file is truncated");
    yield { marker, content: bytes.subarray(at + 4, end) };
    at = marker === SCAN ? endOfScan(bytes, end) : end;
  }
}

/** Returns the offset of the next marker that is not a stuffed byte or a restart. */
function endOfScan(bytes: Uint8Array, start: number): number {
  for (let at = bytes.indexOf(0xff, start); at >= 0; at = bytes.indexOf(0xff, at + 1)) {
    const next = bytes[at + 1] ?? END;
    if (next !== 0 && next !== 0xff && !(next >= 0xd0 && next <= 0xd7)) return at;
  }
  return bytes.byteLength;
}

function parseFrame(
  marker: number,
  content: Uint8Array,
  path: string,
  maxPixels?: number,
): JpegFrame {
  if (content.byteLength < 6) throw corruptImage(path, "header is truncated");
  const view = viewOf(content);
  const [depth, height, width] = [content[0], view.getUint16(1), view.getUint16(3)];
  const channels = content[5];
  if (marker > 0xc2) throw unsupportedImage(path, `its frame is of kind ${marker.toString(16)}`);
  if (depth !== 8) throw unsupportedImage(path, `its samples have ${depth} bits`);
  if (channels !== 1 && channels !== 3) {
    throw unsupportedImage(path, `it has ${channels} components`);
  }
  checkPixels(path, { width, height }, maxPixels);
  return { width, height, channels };
}

providePart("jpeg.ts", { jpeg });
