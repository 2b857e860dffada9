// What the formats of images have in common: how many pixels they read, and how they fail.
import {
  corruptFile,
  type FileFault,
  type UnsupportedFile,
  unsupportedFile,
  unwritable as unwritableImage,
} from "../content/file_faults.ts";
import { fault, isRegistryError, messageOf, type RegistryError } from "../../core/errors.ts";
import { type Image, type ImageDType, isImage } from "./image.ts";
import { shown } from "../../core/naming/names.ts";

export const corruptImage: FileFault = corruptFile("image");
export const unsupportedImage: UnsupportedFile = unsupportedFile("image");
export { unwritableImage };

/** How many pixels a file may have unless somebody says otherwise: 128 Mi, as of 16384 x 8192. */
export const MAX_PIXELS: number = 128 * 1024 * 1024;

/** Options of the formats of images. */
export interface ImageOptions {
  /** A file that says it has more pixels is `Unsupported`, before any memory is taken for them. @default 134217728 (128 Mi) */
  maxPixels?: number;
}

/** How large an image says it is. */
export interface SaidSize {
  width: number;
  height: number;
  /** Samples of a pixel; above four, each four count as a pixel. @default 1 */
  channels?: number;
}

/** Throws `Unsupported` where an image is larger than is allowed, `Corrupt` where it has no pixels. */
export function checkPixels(
  path: string,
  { width, height, channels = 1 }: SaidSize,
  maxPixels = MAX_PIXELS,
): void {
  if (width < 1 || height < 1) throw corruptImage(path, `it is ${width} x ${height} pixels`);
  if (width * height * Math.max(1, channels / 4) <= maxPixels) return;
  const said = `${width} x ${height} pixels${channels > 4 ? ` of ${channels} channels` : ""}`;
  throw fault({
    code: "Unsupported",
    action: "read image",
    subject: shown(path),
    state: `it says it has ${said}, ${maxPixels} are allowed`,
    hint: "Pass a larger maxPixels where the file can be trusted.",
  });
}

/** What a decoder threw, as `Corrupt`; what is said already stays as it is. */
export function readingFailed(path: string, cause: unknown): RegistryError {
  return isRegistryError(cause)
    ? cause
    : corruptImage(path, `it is damaged (${messageOf(cause).slice(0, 200)})`, cause);
}

/** Code of a format, compiled to WASM, that cannot be loaded: `Denied` where Deno may not read its file. */
function loadingFailed(format: string, cause: unknown): RegistryError {
  const isDenied = (cause as Error)?.name === "NotCapable";
  return fault({
    code: isDenied ? "Denied" : "Unsupported",
    action: "load the code of",
    subject: format,
    state: messageOf(cause).split("\n")[0].slice(0, 200),
    hint: isDenied
      ? "Allow reading the folder that is named: packages lie there."
      : "Deno, Bun and browsers load it from its package; Node does not fetch files.",
    cause,
  });
}

/** Throws `Invalid` for a quality that is no number from 1 to 100. */
export function checkQuality(format: string, quality: number): void {
  if (quality >= 1 && quality <= 100) return;
  throw fault({
    code: "Invalid",
    action: "write",
    subject: format,
    state: `its quality is ${quality}`,
    hint: "A quality is a number from 1 to 100.",
  });
}

/** Four samples a pixel, RGB and alpha, of an image of one (grey), three or four channels. */
export function toRgba({ data, width, height, channels }: Image): Uint8ClampedArray<ArrayBuffer> {
  const rgba = new Uint8ClampedArray(width * height * 4).fill(255);
  for (let from = 0, to = 0; from < data.length; from += channels, to += 4) {
    rgba[to] = data[from];
    rgba[to + 1] = data[channels === 1 ? from : from + 1];
    rgba[to + 2] = data[channels === 1 ? from : from + 2];
    if (channels === 4) rgba[to + 3] = data[from + 3];
  }
  return rgba;
}

/** The first channels of four. */
export function fromRgba(rgba: Uint8ClampedArray, channels: number): Uint8Array {
  if (channels === 4) return new Uint8Array(rgba.buffer, rgba.byteOffset, rgba.length);
  const data = new Uint8Array(rgba.length / 4 * channels);
  for (let from = 0, to = 0; from < rgba.length; from += 4) {
    for (let channel = 0; channel < channels; channel++) data[to++] = rgba[from + channel];
  }
  return data;
}

/** What a format of images can hold. */
export interface Holds {
  dtypes: readonly ImageDType[];
  channels?: readonly number[];
  maxSide: number;
  /** The most channels. @default as many as there are */
  maxChannels?: number;
}

/** Whether a value is an image that such files hold. */
export function holdsImage(value: unknown, holds: Holds): value is Image {
  const { dtypes, channels, maxSide, maxChannels = Infinity } = holds;
  return isImage(value) && dtypes.includes(value.dtype) &&
    (channels?.includes(value.channels) ?? value.channels <= maxChannels) &&
    Math.max(value.width, value.height) <= maxSide;
}

/** Throws `Unsupported` where {@linkcode holdsImage} says no. */
export function checkHolds(format: string, value: unknown, holds: Holds): asserts value is Image {
  if (holdsImage(value, holds)) return;
  if (!isImage(value)) {
    const hint =
      "An image is { data, width, height, channels, dtype }: toImage({ data, shape, dtype }) makes it of numbers whose " +
      "shape is [height, width] or [height, width, channels].";
    throw unwritableImage(format, "the value is no image", hint);
  }
  const { dtypes, channels, maxSide } = holds;
  throw unwritableImage(
    format,
    `it is ${value.dtype}, ${value.width} x ${value.height} pixels of ${value.channels} channels`,
    `It holds ${dtypes.join(" or ")}, ${channels?.join(", ") ?? "any number of"} channels, ` +
      `sides up to ${maxSide}. Nothing is cast: convert the image first.`,
  );
}

/**
 * Code compiled to WebAssembly, of its own for each file: one that failed is of no more use, and its memory never
 * shrinks. What it prints is added to `said`.
 */
export async function loadWasm<M>(format: string, factory: unknown, said: string[]): Promise<M> {
  const print = (line: string) => void said.push(line);
  try {
    const options = { noInitialRun: true, print, printErr: print };
    return await (factory as (options: object) => Promise<M>)(options);
  } catch (error) {
    throw loadingFailed(format, error);
  }
}
