// The pixels of a part of a page: only blocks that it touches are read, and of those that are not
// compressed only rows.
import { Buffer } from "node:buffer";
import { ELEMENTS, type TypedArray } from "../arrays/ndarray.ts";
import { corruptImage } from "../images/image_file.ts";
import type { Image, ImageDType } from "../images/image.ts";
import type { Directory, TiffReader } from "./directory.ts";
import { imageOf, type Page, readPlaces } from "./page.ts";
import {
  HOST_LITTLE_ENDIAN,
  undoDifferences,
  undoFloatDifferences,
  unpackBlock,
} from "./unpack.ts";

/** A rectangle of pixels. */
export interface Rectangle {
  /** Its first column, from 0. */
  x: number;
  /** Its first row, from 0. */
  y: number;
  width: number;
  height: number;
}

interface Block {
  /** The first of its columns and rows, and the channel, or 0 where all are in it. */
  x: number;
  y: number;
  channel: number;
  /** Rows of it that are stored, and the first and last of them that are needed. */
  rows: number;
  from: number;
  to: number;
}

interface Stretch {
  block: Block;
  offset: number;
  length: number;
}

/** Arrays of integers, by the bytes of a sample. */
const WORDS: Record<number, unknown> = {
  1: Uint8Array,
  2: Uint16Array,
  4: Uint32Array,
  8: BigUint64Array,
};
const PLACES_AT_ONCE = 4096;
/** Stretches that follow each other are read at once up to so many bytes. */
const MAX_READ_BYTES = 4 * 1024 * 1024;

/** Reads the pixels of a rectangle that lies in the page. */
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
    if (group.length === 0) return;
    const { offset } = group[0];
    const last = group[group.length - 1];
    const content = await reader.readExactly(offset, last.offset + last.length - offset);
    for (const stretch of group) {
      const from = stretch.offset - offset;
      const samples = samplesOf(
        reader,
        page,
        stretch.block,
        content.subarray(from, from + stretch.length),
      );
      place(samples, stretch.block, page, { data, area });
    }
    group = [];
  }
  for await (const stretch of stretchesOf(reader, directory, page, area)) {
    const last = group[group.length - 1];
    const isNext = last !== undefined && last.offset + last.length === stretch.offset;
    if (!isNext || stretch.offset + stretch.length - group[0].offset > MAX_READ_BYTES) {
      await flush();
    }
    group.push(stretch);
  }
  await flush();
  const { width, height } = area;
  if (page.palette === undefined) {
    return { data, width, height, channels, dtype } as Image<ImageDType>;
  }
  return {
    ...imageOf(page),
    data: colored(data as Uint8Array, page.palette),
    width,
    height,
  } as Image<ImageDType>;
}

/** Replaces the samples, which are indexes, by colors of the palette. */
function colored<P extends Uint8Array | Uint16Array>(samples: Uint8Array, palette: P): P {
  const data = new (palette.constructor as new (length: number) => P)(samples.length * 3);
  for (let from = 0, to = 0; from < samples.length; from++) {
    const color = samples[from] * 3;
    for (let i = 0; i < 3; i++) data[to++] = palette[color + i];
  }
  return data;
}

/** Where the blocks of a rectangle lie, in the order of their numbers. */
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
      const needed = block.rows * rowBytes;
      const isPacked = compression !== 1;
      if (isPacked ? size < 1 || size > 2 * needed + 1024 : size < needed) {
        throw corruptImage(
          reader.path,
          `its block ${run.from + i} has ${size} bytes for ${needed}`,
        );
      }
      if (isPacked) yield { block, offset, length: size };
      else yield* rowsOf(block, offset, rowBytes);
    }
  }
}

/** The numbers of the blocks of a rectangle, so many at once: those of strips follow in a column, of tiles in a row. */
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

/** How many blocks a page has side by side, and one above the other. */
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

/** The rows that are needed of a block that is not compressed. */
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

/** The samples of a block: of one that is not compressed, those of the rows that are needed. */
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
  let unpacked = compression === 1
    ? bytes === 1 ? content : content.slice()
    : unpackBlock(content, compression, {
      bytes: block.rows * rowBytes,
      maxBytes: blockHeight * rowBytes,
    });
  if (unpacked === undefined) {
    throw corruptImage(path, `its block at (${block.x}, ${block.y}) is damaged`);
  }
  if (predictor === 3) unpacked = undoFloatDifferences(unpacked, { rowSamples, channels, bytes });
  else if (littleEndian !== HOST_LITTLE_ENDIAN && bytes > 1) {
    const buffer = Buffer.from(unpacked.buffer, unpacked.byteOffset, unpacked.byteLength);
    if (bytes === 2) buffer.swap16();
    else if (bytes === 4) buffer.swap32();
    else buffer.swap64();
  }
  const samples = new array(unpacked.buffer, unpacked.byteOffset, unpacked.byteLength / bytes);
  if (predictor === 2) undoDifferences(samples as Uint8Array, rowSamples, channels);
  const from = compression === 1 ? 0 : block.from * rowSamples;
  return (samples as Uint8Array).subarray(from, from + (block.to - block.from) * rowSamples);
}

/** Copies the rows of a block to where they belong. Samples are moved as words: no NaN changes. */
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
    if (perPixel === channels) target.set(source.subarray(from, from + columns * channels), to);
    else {for (let i = 0; i < columns; i++) {
        target[to + i * channels + block.channel] = source[from + i];
      }}
  }
}
