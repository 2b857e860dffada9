/**
 * What a page of a TIFF file says of its pixels, and where its blocks (strips or tiles) lie.
 *
 * @module
 */
import { checkPixels, corruptImage, unsupportedImage } from "../../core/image_file.ts";
import type { ImageDType } from "../../core/image.ts";
import { TAGS } from "./directory.ts";
import type { Directory, TiffReader } from "./directory.ts";

/** A page. */
export interface Page {
  /** Pixels in a row. */
  width: number;
  /** Rows. */
  height: number;
  /** Samples of a pixel. */
  channels: number;
  /** What the samples are. */
  dtype: ImageDType;
  /** How blocks are compressed. */
  compression: number;
  /** What was done to the samples before. */
  predictor: number;
  /** Whether each channel has blocks of its own. */
  planar: boolean;
  /** Columns of a block. */
  blockWidth: number;
  /** Rows of a block; the last strip has fewer, a tile has all of them. */
  blockHeight: number;
  /** Whether the blocks are tiles. */
  tiled: boolean;
}

/** Bits and format of a sample (`SampleFormat`) of each kind. */
const DTYPES = new Map<string, ImageDType>([["8 1", "uint8"], ["16 1", "uint16"], ["32 3", "float32"]]);
const COMPRESSIONS = [1, 5, 8, 32_773, 32_946];

/**
 * Reads what a page is. What is stored in a way that is not read here is `Unsupported`, and so is a page whose blocks
 * are larger than is allowed.
 */
export async function readPage(reader: TiffReader, directory: Directory, maxPixels?: number): Promise<Page> {
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
  const state = !COMPRESSIONS.includes(compression)
    ? `it is compressed by method ${compression}`
    : predictor !== 1 && predictor !== (dtype === "float32" ? 3 : 2)
    ? `its predictor is ${predictor}, of ${dtype}`
    : photometric !== 1 && photometric !== 2
    ? `its photometric interpretation is ${photometric}, neither grey nor RGB`
    : planar !== 1 && planar !== 2
    ? `its planar configuration is ${planar}`
    : await directory.value(TAGS.fillOrder, 1) !== 1
    ? "its bits are in another order"
    : undefined;
  if (state !== undefined) throw unsupportedImage(path, state);
  const tiled = directory.count(TAGS.tileOffsets) > 0;
  const blockWidth = tiled ? await directory.value(TAGS.tileWidth) : width;
  const blockHeight = tiled
    ? await directory.value(TAGS.tileHeight)
    : Math.min(await directory.value(TAGS.rowsPerStrip, height), height);
  const limit = compression === 1 ? Infinity : maxPixels; // one that is not compressed is never held as a whole
  checkPixels(path, { width: blockWidth, height: blockHeight, channels }, limit);
  return {
    width,
    height,
    channels,
    dtype,
    compression,
    predictor: compression === 1 ? 1 : predictor,
    planar: planar === 2,
    blockWidth,
    blockHeight,
    tiled,
  };
}

async function readDType({ path }: TiffReader, directory: Directory, channels: number): Promise<ImageDType> {
  if (channels < 1 || channels > 65_535) throw corruptImage(path, `it has ${channels} channels`);
  const ones = Array.from({ length: channels }, () => 1);
  const bits = directory.count(TAGS.bits) === 0 ? ones : await directory.values(TAGS.bits, 0, channels);
  const formats = directory.count(TAGS.sampleFormat) === 0
    ? ones
    : await directory.values(TAGS.sampleFormat, 0, channels);
  const kinds = new Set(bits.map((bits, i) => `${bits} ${formats[i]}`));
  const dtype = kinds.size === 1 ? DTYPES.get([...kinds][0]) : undefined;
  if (dtype !== undefined) return dtype;
  const state = `its samples have ${[...new Set(bits)].slice(0, 9).join(", ")} bits`;
  throw unsupportedImage(path, `${state}, of format ${[...new Set(formats)].slice(0, 9).join(", ")}`);
}

/** Where some blocks lie that follow each other: offset and size of each. */
export async function readPlaces(
  directory: Directory,
  { tiled }: Page,
  { from, count }: { from: number; count: number },
): Promise<{ offset: number; size: number }[]> {
  const offsets = await directory.values(tiled ? TAGS.tileOffsets : TAGS.stripOffsets, from, count);
  const sizes = await directory.values(tiled ? TAGS.tileSizes : TAGS.stripSizes, from, count);
  return offsets.map((offset, i) => ({ offset, size: sizes[i] }));
}
