// The pixels of a part of a page, read from only the blocks that it touches, and from uncompressed
// ones only the rows.
import { ELEMENTS, type TypedArray } from "../arrays/ndarray.ts";
import { HOST_BIG_ENDIAN, swapBytes } from "../arrays/view_bytes.ts";
import { corruptImage, unsupportedImage } from "../images/image_file.ts";
import type { Image, ImageDType } from "../images/image.ts";
import type { Directory, TiffReader } from "./directory.ts";
import { imageOf, type Page, readPlaces } from "./page.ts";
import { isOldLzw, undoDifferences, undoFloatDifferences, unpackBlock } from "./unpack.ts";

/** A rectangle of pixels. */
export interface Rectangle {
  /** First column, from 0. */
  x: number;
  /** First row, from 0. */
  y: number;
  width: number;
  height: number;
}

interface Block {
  /** First column and row, and the channel (0 if all are in it). */
  x: number;
  y: number;
  channel: number;
  /** Stored rows; those from `from` up to `to` are needed. */
  rows: number;
  from: number;
  to: number;
}

interface Stretch {
  block: Block;
  offset: number;
  length: number;
}

/** Unsigned integer arrays by the size of a sample. */
const WORDS: Record<number, unknown> = {
  1: Uint8Array,
  2: Uint16Array,
  4: Uint32Array,
  8: BigUint64Array,
};
const PLACES_AT_ONCE = 4096;
/** Adjacent stretches are read together up to this size. */
const MAX_READ_BYTES = 4 * 1024 * 1024;

export async function readPixels(
  reader: TiffReader,
  directory: Directory,
  page: Page,
  area: Rectangle,
): Promise<Image<ImageDType>> {
  const { dtype, channels } = page;
  const { array, bytes } = ELEMENTS[dtype];
  const length = area.width * area.height * channels;
  const data = new array(new ArrayBuffer(length * bytes), 0, length);
  let group: Stretch[] = [];
  async function flush(): Promise<void> {
    const [first, last] = [group[0], group.at(-1)];
    if (first === undefined || last === undefined) return;
    const { offset } = first;
    const content = await reader.readExactly(offset, last.offset + last.length - offset);
    for (const stretch of group) {
      const from = stretch.offset - offset;
      const packed = content.subarray(from, from + stretch.length);
      const samples = samplesOf(reader, page, stretch.block, packed);
      place(samples, stretch.block, page, { data, area });
    }
    group = [];
  }
  for await (const stretch of stretchesOf(reader, directory, page, area)) {
    const last = group.at(-1);
    const isNext = last !== undefined && last.offset + last.length === stretch.offset;
    if (!isNext || stretch.offset + stretch.length - group[0]!.offset > MAX_READ_BYTES) {
      await flush();
    }
    group.push(stretch);
  }
  await flush();
  const { width, height } = area;
  const pixels = page.palette === undefined
    ? { data, channels, dtype }
    : { ...imageOf(page), data: colored(data as Uint8Array, page.palette) };
  return { ...pixels, width, height } as Image<ImageDType>;
}

/** Replaces samples by the colors that they index. */
function colored<P extends Uint8Array | Uint16Array>(samples: Uint8Array, palette: P): P {
  const data = new (palette.constructor as new (length: number) => P)(samples.length * 3);
  for (let from = 0, to = 0; from < samples.length; from++) {
    const color = samples[from]! * 3;
    for (let i = 0; i < 3; i++) data[to++] = palette[color + i]!;
  }
  return data;
}

/** Yields the blocks of a rectangle in the order of their numbers. */
async function* stretchesOf(
  reader: TiffReader,
  directory: Directory,
  page: Page,
  area: Rectangle,
): AsyncGenerator<Stretch> {
  const { blockWidth, planar, channels, compression } = page;
  const rowBytes = blockWidth * (planar ? 1 : channels) * ELEMENTS[page.dtype].bytes;
  for (const run of runsOf(page, area)) {
    const places = await readPlaces(directory, page, run);
    for (const [i, { offset, size }] of places.entries()) {
      const block = blockOf(page, area, run.from + i);
      const unpackedBytes = block.rows * rowBytes;
      const isPacked = compression !== 1;
      if (isPacked ? size < 1 || size > 2 * unpackedBytes + 1024 : size < unpackedBytes) {
        const state = `block ${run.from + i} has ${size} bytes for ${unpackedBytes}`;
        throw corruptImage(reader.path, state);
      }
      if (isPacked) yield { block, offset, length: size };
      else yield* rowsOf(block, offset, rowBytes);
    }
  }
}

/** Yields runs of block numbers: a row of tiles, or strips from top to bottom. */
function* runsOf(page: Page, area: Rectangle): Generator<{ from: number; count: number }> {
  const { blockWidth, blockHeight, planar, tiled, channels } = page;
  const { across, down } = gridOf(page);
  const left = Math.floor(area.x / blockWidth);
  const top = Math.floor(area.y / blockHeight);
  const columns = Math.floor((area.x + area.width - 1) / blockWidth) - left + 1;
  const rows = Math.floor((area.y + area.height - 1) / blockHeight) - top + 1;
  const [runs, length] = tiled ? [rows, columns] : [1, rows];
  for (let channel = 0; channel < (planar ? channels : 1); channel++) {
    for (let run = 0; run < runs; run++) {
      const first = (channel * down + top + run) * across + left;
      for (let done = 0; done < length; done += PLACES_AT_ONCE) {
        yield { from: first + done, count: Math.min(PLACES_AT_ONCE, length - done) };
      }
    }
  }
}

/** Returns the number of blocks in a row and in a column. */
function gridOf(
  { width, height, blockWidth, blockHeight }: Page,
): { across: number; down: number } {
  return { across: Math.ceil(width / blockWidth), down: Math.ceil(height / blockHeight) };
}

function blockOf(page: Page, area: Rectangle, number: number): Block {
  const { blockWidth, blockHeight, tiled, height } = page;
  const { across, down } = gridOf(page);
  const y = Math.floor(number / across) % down * blockHeight;
  const rows = tiled ? blockHeight : Math.min(blockHeight, height - y);
  return {
    x: number % across * blockWidth,
    y,
    channel: Math.floor(number / (across * down)),
    rows,
    from: Math.max(0, area.y - y),
    to: Math.min(rows, area.y + area.height - y),
  };
}

/** Splits the needed rows of an uncompressed block into reads of bounded size. */
function* rowsOf(block: Block, offset: number, rowBytes: number): Generator<Stretch> {
  const step = Math.max(1, Math.floor(MAX_READ_BYTES / rowBytes));
  for (let from = block.from; from < block.to; from += step) {
    const to = Math.min(from + step, block.to);
    yield {
      block: { ...block, from, to },
      offset: offset + from * rowBytes,
      length: (to - from) * rowBytes,
    };
  }
}

/** Returns the samples of the needed rows of a block. */
function samplesOf(
  { path, littleEndian }: TiffReader,
  page: Page,
  block: Block,
  content: Uint8Array,
): TypedArray {
  const { dtype, compression, predictor, planar, blockWidth, blockHeight } = page;
  const { array, bytes } = ELEMENTS[dtype];
  const channels = planar ? 1 : page.channels;
  const rowSamples = blockWidth * channels;
  const rowBytes = rowSamples * bytes;
  if (isOldLzw(content, compression)) {
    const hint = "Convert it, for example with tiffcp -c lzw of libtiff.";
    throw unsupportedImage(path, "its LZW has the bit order of libtiff before 5.0", hint);
  }
  let unpacked = compression === 1
    ? bytes === 1 ? content : content.slice()
    : unpackBlock(content, compression, {
      bytes: block.rows * rowBytes,
      maxBytes: blockHeight * rowBytes,
    });
  if (unpacked === undefined) {
    throw corruptImage(path, `block at (${block.x}, ${block.y}) is damaged`);
  }
  if (predictor === 3) unpacked = undoFloatDifferences(unpacked, { rowSamples, channels, bytes });
  else if (littleEndian === HOST_BIG_ENDIAN && bytes > 1) swapBytes(unpacked, bytes);
  const samples = new array(unpacked.buffer, unpacked.byteOffset, unpacked.byteLength / bytes);
  if (predictor === 2) undoDifferences(samples as Uint8Array, rowSamples, channels);
  const from = compression === 1 ? 0 : block.from * rowSamples;
  return (samples as Uint8Array).subarray(from, from + (block.to - block.from) * rowSamples);
}

/** Copies the rows of a block into the image. Samples are moved as words, so that NaNs are kept. */
function place(
  samples: TypedArray,
  block: Block,
  { blockWidth, channels, planar }: Page,
  { data, area }: { data: TypedArray; area: Rectangle },
): void {
  const words = WORDS[samples.BYTES_PER_ELEMENT] as typeof Uint8Array;
  const source = new words(samples.buffer as ArrayBuffer, samples.byteOffset, samples.length);
  const target = new words(data.buffer as ArrayBuffer, data.byteOffset, data.length);
  const perPixel = planar ? 1 : channels;
  const left = Math.max(area.x, block.x);
  const right = Math.min(area.x + area.width, block.x + blockWidth);
  for (let row = block.from; row < block.to; row++) {
    const from = ((row - block.from) * blockWidth + left - block.x) * perPixel;
    const to = ((block.y + row - area.y) * area.width + left - area.x) * channels;
    const columns = right - left;
    if (perPixel === channels) {
      target.set(source.subarray(from, from + columns * channels), to);
      continue;
    }
    for (let i = 0; i < columns; i++) target[to + i * channels + block.channel] = source[from + i]!;
  }
}
