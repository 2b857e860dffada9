/**
 * Images as JPEG.
 *
 * @module
 */
import decoder from "npm:@jsquash/jpeg@^1.6/codec/dec/mozjpeg_dec.js";
import encoder from "npm:@jsquash/jpeg@^1.6/codec/enc/mozjpeg_enc.js";
import { defaultEncodeOptions } from "npm:@jsquash/jpeg@^1.6/meta.js";
import type { Format } from "../core/format.ts";
import type { Image } from "../core/image.ts";
import {
  checkHolds,
  checkQuality,
  corruptImage,
  fromRgba,
  holdsImage,
  loadWasm,
  toRgba,
  unsupportedImage,
  unwritableImage,
} from "../core/image_file.ts";
import type { Holds, ImageOptions } from "../core/image_file.ts";
import { readJpegMarkers } from "./jpeg/markers.ts";

export type * from "../core/format.ts";
export { isImage, toArray, toImage } from "../core/image.ts";
export type { Image, ImageDType } from "../core/image.ts";
export type { ImageOptions } from "../core/image_file.ts";

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
