// Limits, checks and errors that all image formats share.
import {
  corruptFile,
  type FileFault,
  type UnsupportedFile,
  unsupportedFile,
  unwritable as unwritableImage,
} from "../content/file_faults.ts";
import { fault, invalid, isRegistryError, messageOf } from "../../core/errors.ts";
import type { RegistryError } from "../../core/errors.ts";
import { type Image, type ImageDType, isImage } from "./image.ts";

export const corruptImage: FileFault = corruptFile("image");
export const unsupportedImage: UnsupportedFile = unsupportedFile("image");
export { unwritableImage };

/** Options of the formats of images. */
export interface ImageOptions {
  /** Larger files are `Unsupported`, before memory is allocated. @default 134217728 (128 Mi) */
  maxPixels?: number;
}

/**
 * Throws `Unsupported` for an image that is too large, `Corrupt` for one without pixels. Above four
 * channels, each four count as a pixel.
 */
export function checkPixels(
  path: string,
  { width, height, channels = 1 }: { width: number; height: number; channels?: number },
  maxPixels = 128 * 1024 * 1024,
): void {
  if (width < 1 || height < 1) throw corruptImage(path, `it is ${width} x ${height} pixels`);
  if (width * height * Math.max(1, channels / 4) <= maxPixels) return;
  const dimensions = `${width} x ${height} pixels${channels > 4 ? ` of ${channels} channels` : ""}`;
  const hint = "Pass a larger maxPixels if you trust the file.";
  throw unsupportedImage(path, `it declares ${dimensions}, ${maxPixels} are allowed`, hint);
}

/** Turns the failure of a decoder into `Corrupt`. Other errors of this library are kept. */
export function readingFailed(path: string, cause: unknown): RegistryError {
  return isRegistryError(cause)
    ? cause
    : corruptImage(path, `it is damaged (${messageOf(cause).slice(0, 200)})`, cause);
}

/** Throws `Invalid` for a quality outside of 1 to 100. */
export function checkQuality(format: string, quality: number): void {
  if (quality >= 1 && quality <= 100) return;
  throw invalid("write", format, `quality is ${quality}`, { hint: "Pass a number from 1 to 100." });
}

/** Converts an image of one channel (gray) or three to RGBA. */
export function toRgba({ data, width, height, channels }: Image): Uint8ClampedArray<ArrayBuffer> {
  const rgba = new Uint8ClampedArray(width * height * 4).fill(255);
  for (let from = 0, to = 0; from < data.length; from += channels, to += 4) {
    rgba[to] = data[from]!;
    rgba[to + 1] = data[channels === 1 ? from : from + 1]!;
    rgba[to + 2] = data[channels === 1 ? from : from + 2]!;
  }
  return rgba;
}

function fromRgba(rgba: Uint8ClampedArray, channels: number): Uint8Array {
  const data = new Uint8Array(rgba.length / 4 * channels);
  for (let from = 0, to = 0; from < rgba.length; from += 4) {
    for (let channel = 0; channel < channels; channel++) data[to++] = rgba[from + channel]!;
  }
  return data;
}

export interface Holds {
  dtypes: readonly ImageDType[];
  channels?: readonly number[];
  maxSide: number;
  /** @default any number */
  maxChannels?: number;
}

export function holdsImage(value: unknown, holds: Holds): value is Image {
  const { dtypes, channels, maxSide, maxChannels = Infinity } = holds;
  return isImage(value) && dtypes.includes(value.dtype) &&
    (channels?.includes(value.channels) ?? value.channels <= maxChannels) &&
    Math.max(value.width, value.height) <= maxSide;
}

/** Throws `Unsupported` for a value that a format cannot hold. */
export function checkHolds(format: string, value: unknown, holds: Holds): asserts value is Image {
  if (holdsImage(value, holds)) return;
  if (!isImage(value)) {
    const hint =
      "Pass { data, width, height, channels, dtype }, or convert an array with toImage(array).";
    throw unwritableImage(format, "the value is not an image", hint);
  }
  const { dtypes, channels, maxSide } = holds;
  throw unwritableImage(
    format,
    `it is ${value.dtype}, ${value.width} x ${value.height} pixels of ${value.channels} channels`,
    `Convert the image first: ${format} holds ${dtypes.join(" or ")}, ` +
      `${channels?.join(", ") ?? "any number of"} channels, sides up to ${maxSide}.`,
  );
}

/**
 * Loads code compiled to WebAssembly. Use it for one file: after a failure it is unusable, and its
 * memory never shrinks. Its output is added to `output`. Throws `Denied` without read permission for
 * its package, `Unsupported` if this runtime cannot load it.
 */
async function loadWasm<M>(format: string, factory: unknown, output: string[]): Promise<M> {
  const print = (line: string) => void output.push(line);
  try {
    const options = { noInitialRun: true, print, printErr: print };
    return await (factory as (options: object) => Promise<M>)(options);
  } catch (cause) {
    const isDenied = (cause as Error)?.name === "NotCapable";
    throw fault({
      code: isDenied ? "Denied" : "Unsupported",
      action: "load code of",
      subject: format,
      state: messageOf(cause).replace(/\n.*/s, "").slice(0, 200),
      hint: isDenied
        ? "Allow reading the folder of packages that the error names."
        : "Use Deno, Bun or a browser: Node does not load it from its package.",
      cause,
    });
  }
}

interface Encoder {
  encode(rgba: Uint8ClampedArray, width: number, height: number, how: object): Uint8Array | null;
}

export async function loadEncoder(
  format: string,
  factory: unknown,
  signal?: AbortSignal,
): Promise<Encoder> {
  const encoder = await loadWasm<Encoder>(format, factory, []);
  signal?.throwIfAborted();
  return encoder;
}

interface Decoder {
  decode(...args: unknown[]): { data: Uint8ClampedArray } | null;
}

/**
 * Decodes pixels. A decoder prints only its first warning. Any warning means that it guessed, even
 * "extraneous bytes": a damaged scan that used too few of them.
 */
export async function decodePixels(
  { format, decoder, args, path }: {
    format: string;
    decoder: unknown;
    args: unknown[];
    path: string;
  },
  { width, height, channels }: Pick<Image, "width" | "height" | "channels">,
  signal?: AbortSignal,
): Promise<Image> {
  const output: string[] = [];
  const { decode } = await loadWasm<Decoder>(format, decoder, output);
  signal?.throwIfAborted();
  let pixels: ReturnType<Decoder["decode"]> = null;
  let cause: unknown;
  try {
    pixels = decode(...args);
  } catch (error) {
    cause = error;
  }
  const [problem = pixels === null ? "nothing was decoded" : undefined] = output;
  if (/memory|OOM/i.test(`${problem} ${cause}`)) {
    throw unsupportedImage(path, "it needs more memory than its decoder has");
  }
  if (pixels === null || problem !== undefined) {
    throw corruptImage(path, `it is damaged (${problem})`, cause);
  }
  const { data } = pixels;
  if (data.length === width * height * 4) {
    return { data: fromRgba(data, channels), width, height, channels, dtype: "uint8" };
  }
  throw corruptImage(path, "its size differs from its header");
}
