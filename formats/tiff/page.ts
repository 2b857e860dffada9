// The layout of a TIFF page: its samples and its blocks (strips or tiles).
import { ELEMENTS } from "../arrays/ndarray.ts";
import { checkPixels, corruptImage, unsupportedImage } from "../images/image_file.ts";
import { type Image, IMAGE_DTYPES, type ImageDType } from "../images/image.ts";
import { type Directory, TAGS, type TiffReader } from "./directory.ts";

export interface Page {
  width: number;
  height: number;
  channels: number;
  dtype: ImageDType;
  /** Three values per color. Samples are its indices, the image has its colors. */
  palette?: Uint8Array | Uint16Array;
  compression: number;
  predictor: number;
  planar: boolean;
  blockWidth: number;
  /** Rows of a block; the last strip may have fewer. */
  blockHeight: number;
  tiled: boolean;
}

/** Bits and format (`SampleFormat`: 1 unsigned, 2 signed, 3 float) of each type of samples. */
const DTYPES = new Map<string, ImageDType>(
  IMAGE_DTYPES.map((dtype) => [`${ELEMENTS[dtype].bytes * 8} ${sampleFormat(dtype)}`, dtype]),
);
/** The photometric interpretation of palettes. */
const PALETTE = 3;
/** Colors of a palette: all red values, then green, then blue. */
const COLORS = 256;
const COMPRESSIONS = [1, 5, 8, 32_773, 32_946];

/** Reads the layout of a page. Throws `Unsupported` for other layouts and for too large blocks. */
export async function readPage(
  reader: TiffReader,
  directory: Directory,
  maxPixels?: number,
): Promise<Page> {
  const { path } = reader;
  const width = await directory.value(TAGS.width);
  const height = await directory.value(TAGS.height);
  const channels = await directory.value(TAGS.samples, 1);
  checkPixels(path, { width, height }, Infinity);
  const dtype = await readDType(reader, directory, channels);
  const compression = await directory.value(TAGS.compression, 1);
  const predictor = await directory.value(TAGS.predictor, 1);
  const photometric = await directory.value(TAGS.photometric, 1);
  const planar = await directory.value(TAGS.planar, 1);
  const problem = problemOf({ compression, predictor, dtype, photometric, channels, planar });
  if (problem !== undefined) throw unsupportedImage(path, problem);
  if (await directory.value(TAGS.fillOrder, 1) !== 1) {
    throw unsupportedImage(path, "its bits are stored in reverse order");
  }
  // libtiff before 4.0 wrote the offsets of tiles as those of strips.
  const tiled = directory.count(TAGS.tileOffsets) > 0 || directory.count(TAGS.tileWidth) > 0;
  const blockWidth = tiled ? await directory.value(TAGS.tileWidth) : width;
  const blockHeight = tiled
    ? await directory.value(TAGS.tileHeight)
    : Math.min(await directory.value(TAGS.rowsPerStrip, height), height);
  const limit = compression === 1 ? Infinity : maxPixels; // others are read by rows
  checkPixels(path, { width: blockWidth, height: blockHeight, channels }, limit);
  return {
    width,
    height,
    channels,
    dtype,
    ...(photometric === PALETTE ? { palette: await readPalette(reader, directory) } : {}),
    compression,
    predictor: compression === 1 ? 1 : predictor,
    planar: planar === 2,
    blockWidth,
    blockHeight,
    tiled,
  };
}

/** Returns the reason why a layout is not supported, or undefined. */
function problemOf(
  { compression, predictor, dtype, photometric, channels, planar }:
    & Pick<Page, "compression" | "predictor" | "dtype" | "channels">
    & { photometric: number; planar: number },
): string | undefined {
  if (!COMPRESSIONS.includes(compression)) return `its compression method is ${compression}`;
  if (predictor !== 1 && predictor !== (dtype.startsWith("float") ? 3 : 2)) {
    return `its predictor is ${predictor}, of ${dtype}`;
  }
  if (photometric === PALETTE && (dtype !== "uint8" || channels !== 1)) {
    return `its palette is for ${channels} channels of ${dtype}, expected one of uint8`;
  }
  if (![1, 2, PALETTE].includes(photometric)) {
    return `its photometric interpretation is ${photometric}, not gray, RGB or palette`;
  }
  return planar === 1 || planar === 2 ? undefined : `its planar configuration is ${planar}`;
}

export function sampleFormat(dtype: ImageDType): number {
  return dtype.startsWith("uint") ? 1 : dtype.startsWith("int") ? 2 : 3;
}

/** Returns the properties of the image of a page, with a palette those of its colors. */
export function imageOf(
  { width, height, channels, dtype, palette }: Page,
): Omit<Image<ImageDType>, "data"> {
  if (palette === undefined) return { width, height, channels, dtype };
  return { width, height, channels: 3, dtype: palette instanceof Uint8Array ? "uint8" : "uint16" };
}

/** Returns a palette: 8 bits if all values are multiples of 256 or 257, as programs write them. */
async function readPalette(
  { path }: TiffReader,
  directory: Directory,
): Promise<Uint8Array | Uint16Array> {
  const count = directory.count(TAGS.colorMap);
  if (count !== 3 * COLORS) {
    throw corruptImage(path, `its palette has ${count} values, not ${3 * COLORS}`);
  }
  const planes = await directory.values(TAGS.colorMap, 0, count);
  if (planes.some((value) => value > 0xffff)) {
    throw corruptImage(path, "its palette has a value above 16 bits");
  }
  const colors = Uint16Array.from(planes, (_, i) => planes[i % 3 * COLORS + Math.floor(i / 3)]!);
  const isShort = [256, 257].some((factor) =>
    planes.every((value) => value === Math.floor(value / 256) * factor)
  );
  return isShort ? Uint8Array.from(colors, (value) => value >> 8) : colors;
}

async function readDType(
  { path }: TiffReader,
  directory: Directory,
  channels: number,
): Promise<ImageDType> {
  if (channels < 1 || channels > 65_535) throw corruptImage(path, `it has ${channels} channels`);
  const read = (tag: number) =>
    directory.count(tag) === 0
      ? Array.from({ length: channels }, () => 1)
      : directory.values(tag, 0, channels);
  const bits = await read(TAGS.bits);
  const formats = await read(TAGS.sampleFormat);
  const kinds = new Set(bits.map((bits, i) => `${bits} ${formats[i]}`));
  const dtype = kinds.size === 1 ? DTYPES.get([...kinds].join()) : undefined;
  if (dtype !== undefined) return dtype;
  const list = (values: number[]) => [...new Set(values)].slice(0, 9).join(", ");
  const state = `its samples have ${list(bits)} bits, of format ${list(formats)}`;
  throw unsupportedImage(path, state);
}

/** Returns the offset and size of consecutive blocks. */
export async function readPlaces(
  directory: Directory,
  { tiled }: Page,
  { from, count }: { from: number; count: number },
): Promise<{ offset: number; size: number }[]> {
  const tagOf = (ofTiles: number, ofStrips: number) =>
    tiled && directory.count(ofTiles) > 0 ? ofTiles : ofStrips;
  const offsets = await directory.values(tagOf(TAGS.tileOffsets, TAGS.stripOffsets), from, count);
  const sizes = await directory.values(tagOf(TAGS.tileSizes, TAGS.stripSizes), from, count);
  return offsets.map((offset, i) => ({ offset, size: sizes[i]! }));
}
