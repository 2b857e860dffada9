/**
 * Images as JPEG.
 *
 * @module
 */
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
  fromRgba,
  holdsImage,
  loadWasm,
  toRgba,
  unsupportedImage,
  unwritableImage,
} from "./images/image_file.ts";
import type { Holds, ImageOptions } from "./images/image_file.ts";

export type * from "./content/format.ts";
export { isImage, toArray, toImage } from "./images/image.ts";
export type { Image, ImageDType } from "./images/image.ts";
export type { ImageOptions } from "./images/image_file.ts";

const HOLDS: Holds = { dtypes: ["uint8"], channels: [1, 3], maxSide: 65_500 };
const GREY = 1;
const YCBCR = 3;

/** What the compiled code offers. */
interface Encoder {
  encode(rgba: Uint8ClampedArray, width: number, height: number, options: object): Uint8Array;
}

interface Decoder {
  decode(bytes: Uint8Array, turn: boolean): { data: Uint8ClampedArray } | null;
}

/** Options of {@linkcode jpeg}. */
export interface JpegOptions extends ImageOptions {
  /** Allows writing: the pixels that are read again are others. @default false */
  lossy?: boolean;
  /** From 1 to 100, of what is written. @default 90 */
  quality?: number;
}

/**
 * JPEG (ITU-T T.81): `uint8` images that are grey or RGB. Files are read as they are, without turning them as their
 * EXIF says; CMYK, 12 bits and arithmetic coding are `Unsupported`, and a file without its end, or one that the decoder
 * has to guess at, is `Corrupt`. JPEG has no checksum: damage that decodes without a warning changes pixels unseen. JPEG
 * does not keep pixels, so nothing is written without `lossy: true`.
 *
 * The code is WASM, compiled from MozJPEG. Deno, Bun and browsers load it from its package (`--allow-read` of Deno's
 * cache); Node does not.
 *
 * @example
 * ```ts
 * import { jpeg } from "@holdfast/holdfast/formats/jpeg";
 * import { assert, assertEquals } from "@std/assert";
 *
 * const image = { data: new Uint8Array(64).fill(128), width: 8, height: 8, channels: 1, dtype: "uint8" } as const;
 * assert(!jpeg().accepts(image));
 * const bytes = await jpeg({ lossy: true }).encode(image) as Uint8Array<ArrayBuffer>;
 * const file = {
 *   path: "photo.jpg",
 *   size: bytes.byteLength,
 *   bytes: () => Promise.resolve(bytes),
 *   stream: () => new Blob([bytes]).stream(),
 * };
 * assertEquals((await jpeg().decode(file)).channels, 1);
 * ```
 */
export function jpeg({ maxPixels, lossy = false, quality = 90 }: JpegOptions = {}): Format<Image> {
  checkQuality("JPEG", quality);
  return {
    id: "jpeg",
    extensions: [".jpg", ".jpeg"],
    mediaType: "image/jpeg",
    accepts: (value) => lossy && holdsImage(value, HOLDS),
    async encode(image, { signal } = {}) {
      if (!lossy) {
        throw unwritableImage(
          "JPEG",
          "it would change the pixels",
          "Write it as jpeg({ lossy: true }), or take PNG.",
        );
      }
      checkHolds("JPEG", image, HOLDS);
      const { encode } = await loadWasm<Encoder>("JPEG", encoder, []);
      signal?.throwIfAborted();
      const color_space = image.channels === 1 ? GREY : YCBCR;
      return encode(toRgba(image), image.width, image.height, {
        ...defaultEncodeOptions,
        quality,
        color_space,
      });
    },
    async decode(file, { signal } = {}) {
      const bytes = await file.bytes();
      const { width, height, components } = readJpegMarkers(bytes, file.path, maxPixels);
      const said: string[] = [];
      const { decode } = await loadWasm<Decoder>("JPEG", decoder, said);
      signal?.throwIfAborted();
      const { data } = decodePixels(decode, bytes, said, file.path);
      if (data.length !== width * height * 4) {
        throw corruptImage(file.path, "it has another size than it says");
      }
      return {
        data: fromRgba(data, components),
        width,
        height,
        channels: components,
        dtype: "uint8",
      };
    },
  };
}

/**
 * Decodes the pixels. The decoder prints its first warning and no other: any warning means that it had to guess, also
 * "extraneous bytes", where a damaged scan used fewer bytes than it has.
 */
function decodePixels(
  decode: Decoder["decode"],
  bytes: Uint8Array,
  said: string[],
  path: string,
): { data: Uint8ClampedArray } {
  let pixels: { data: Uint8ClampedArray } | null = null;
  let cause: unknown;
  try {
    pixels = decode(bytes, false);
  } catch (error) {
    cause = error;
  }
  const [problem] = said;
  if (pixels !== null && problem === undefined) return pixels;
  if (/memory|OOM/i.test(`${problem} ${cause}`)) {
    throw unsupportedImage(path, "it takes more memory than its decoder has");
  }
  throw corruptImage(path, `it is damaged (${problem ?? "nothing was decoded"})`, cause);
}

interface JpegFrame {
  width: number;
  height: number;
  /** Components: 1 or 3. */
  components: number;
}

/** A picture that comes in steps has some ten of them; each costs a look at all pixels. */
const MAX_SCANS = 100;

const START = 0xd8;
const END = 0xd9;
const SCAN = 0xda;

interface Segment {
  marker: number;
  content: Uint8Array;
}

function readJpegMarkers(bytes: Uint8Array, path: string, maxPixels?: number): JpegFrame {
  if (bytes[0] !== 0xff || bytes[1] !== START) throw corruptImage(path, "it is no JPEG file");
  let frame: JpegFrame | undefined;
  let scans = 0;
  for (const { marker, content } of segmentsOf(bytes, path)) {
    if (marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) {
      if (frame !== undefined) throw corruptImage(path, "it has two frames");
      frame = parseFrame(marker, content, path, maxPixels);
    }
    if (marker !== SCAN) continue;
    if (frame === undefined) throw corruptImage(path, "its pixels come before its header");
    if (++scans > MAX_SCANS) throw unsupportedImage(path, `it has more than ${MAX_SCANS} scans`);
  }
  if (frame === undefined || scans === 0) throw corruptImage(path, "it has no pixels");
  // Each block of 8 x 8 pixels has a code of its mean, which has a bit or more.
  const blocks = Math.ceil(frame.width / 8) * Math.ceil(frame.height / 8);
  if (bytes.byteLength * 8 >= blocks) return frame;
  throw corruptImage(
    path,
    `its ${bytes.byteLength} bytes cannot hold ${frame.width} x ${frame.height} pixels`,
  );
}

/** The segments of a file up to its end. The codes of a scan, which follow its segment, are passed over. */
function* segmentsOf(bytes: Uint8Array, path: string): Generator<Segment> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 2;;) {
    if (at + 2 > bytes.byteLength) throw corruptImage(path, "it is cut off");
    const marker = bytes[at + 1];
    if (bytes[at] !== 0xff) throw corruptImage(path, `there is no marker at byte ${at}`);
    if (marker === END) return;
    if (marker === 0xff) {
      at++; // any number of these may stand before a marker
      continue;
    }
    if (marker < 0xc0 || (marker >= 0xd0 && marker <= START)) {
      throw corruptImage(path, `it has marker ${marker.toString(16)} at byte ${at}`);
    }
    const size = at + 4 > bytes.byteLength ? 0 : view.getUint16(at + 2);
    const end = at + 2 + size;
    if (size < 2 || end > bytes.byteLength) throw corruptImage(path, "it is cut off");
    yield { marker, content: bytes.subarray(at + 4, end) };
    at = marker === SCAN ? endOfScan(bytes, end) : end;
  }
}

/** Where the next marker is that is not a part of the scan: a stuffed byte or a restart. */
function endOfScan(bytes: Uint8Array, start: number): number {
  for (let at = bytes.indexOf(0xff, start); at >= 0; at = bytes.indexOf(0xff, at + 1)) {
    const next = bytes[at + 1];
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
  if (content.byteLength < 6) throw corruptImage(path, "its header is cut off");
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
  const [depth, height, width, components] = [
    content[0],
    view.getUint16(1),
    view.getUint16(3),
    content[5],
  ];
  if (marker > 0xc2) throw unsupportedImage(path, `its frame is of kind ${marker.toString(16)}`);
  if (depth !== 8) throw unsupportedImage(path, `its samples have ${depth} bits`);
  if (components !== 1 && components !== 3) {
    throw unsupportedImage(path, `it has ${components} components`);
  }
  checkPixels(path, { width, height }, maxPixels);
  return { width, height, components };
}
