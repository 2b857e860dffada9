// TIFF files of every supported kind, written value by value.
import { deflateSync } from "node:zlib";
import type { AnyImage } from "./image_files.ts";

/** The layout of a written file. */
export interface TiffLayout {
  /** @default true */
  littleEndian?: boolean;
  /** BigTIFF. @default false */
  big?: boolean;
  /** Size of tiles. @default strips of 3 rows */
  tile?: [width: number, height: number];
  planar?: boolean;
  /** 1, 5, 8 or 32773. @default 1 */
  compression?: number;
  predictor?: boolean;
  /** Bytes between the header and the rest. @default 0 */
  gap?: number;
  /** Other values of tags; undefined removes one. */
  tags?: Record<number, number[] | undefined>;
}

/** A file with these images as its pages. */
export function tiffFile(images: readonly AnyImage[], layout: TiffLayout = {}): Uint8Array {
  const { littleEndian = true, big = false } = layout;
  const bytes: number[] = [];
  const put = (at: number, value: number, size: number) => {
    for (let i = 0; i < size; i++) {
      const power = littleEndian ? i : size - 1 - i;
      bytes[at + i] = Math.floor(value / 256 ** power) % 256;
    }
  };
  const offsetBytes = big ? 8 : 4;
  bytes.push(...new TextEncoder().encode(littleEndian ? "II" : "MM"), 0, 0);
  put(2, big ? 43 : 42, 2);
  if (big) [8, 0].forEach((value, i) => put(4 + i * 2, value, 2));
  let link = big ? 8 : 4;
  put(link, 0, offsetBytes);
  for (let i = 0; i < (layout.gap ?? 0); i++) bytes.push(0);
  for (const image of images) {
    const blocks = blocksOf(image, layout);
    const offsets = blocks.map((block) => {
      const at = bytes.length;
      for (const byte of block) bytes.push(byte);
      return at;
    });
    const tags = Object.entries({ ...tagsOf(image, layout, blocks, offsets), ...layout.tags })
      .filter((entry): entry is [string, number[]] => entry[1] !== undefined);
    const places = tags.map(([, values]) => {
      const at = bytes.length;
      if (values.length * 4 > offsetBytes) {
        for (const value of values) put(bytes.length, value, 4);
      }
      return at;
    });
    put(link, bytes.length, offsetBytes);
    put(bytes.length, tags.length, big ? 8 : 2);
    tags.forEach(([tag, values], i) => {
      const at = bytes.length;
      put(at, Number(tag), 2);
      put(at + 2, 4, 2);
      put(at + 4, values.length, offsetBytes);
      put(at + 4 + offsetBytes, values.length * 4 > offsetBytes ? places[i] : 0, offsetBytes);
      if (values.length * 4 <= offsetBytes) {
        values.forEach((value, j) => put(at + 4 + offsetBytes + j * 4, value, 4));
      }
    });
    link = bytes.length;
    put(link, 0, offsetBytes);
  }
  return Uint8Array.from(bytes);
}

function tagsOf(
  { width, height, channels, dtype, data }: AnyImage,
  { tile, planar = false, compression = 1, predictor = false }: TiffLayout,
  blocks: Uint8Array[],
  offsets: number[],
): Record<number, number[] | undefined> {
  const sizes = blocks.map((block) => block.length);
  return {
    256: [width],
    257: [height],
    258: Array.from({ length: channels }, () => data.BYTES_PER_ELEMENT * 8),
    259: [compression],
    262: [channels === 3 ? 2 : 1],
    ...(tile === undefined ? { 273: offsets } : {}),
    277: [channels],
    ...(tile === undefined ? { 278: [3], 279: sizes } : {}),
    284: [planar ? 2 : 1],
    317: [predictor ? dtype.startsWith("float") ? 3 : 2 : 1],
    ...(tile === undefined ? {} : { 322: [tile[0]], 323: [tile[1]], 324: offsets, 325: sizes }),
    339: Array.from({ length: channels }, () => formatOf(dtype)),
  };
}

function blocksOf(image: AnyImage, layout: TiffLayout): Uint8Array[] {
  const { width, height, channels, data } = image;
  const { tile, planar = false } = layout;
  const [blockWidth, blockHeight] = tile ?? [width, 3];
  const blocks: Uint8Array[] = [];
  for (let plane = 0; plane < (planar ? channels : 1); plane++) {
    const planes = planar ? [plane] : Array.from({ length: channels }, (_, i) => i);
    for (let y = 0; y < height; y += blockHeight) {
      for (let x = 0; x < width; x += blockWidth) {
        const rows: (number | bigint)[][] = [];
        const end = tile === undefined ? Math.min(y + 3, height) : y + blockHeight;
        for (let row = y; row < end; row++) {
          rows.push([]);
          for (let column = x; column < x + blockWidth; column++) {
            const isInside = row < height && column < width;
            const filler = typeof data[0] === "bigint" ? 77n : 77;
            for (const c of planes) {
              rows.at(-1)!.push(isInside ? data[(row * width + column) * channels + c] : filler);
            }
          }
        }
        const bytes = rows.flatMap((row) => [...rowBytes(row, planes.length, image, layout)]);
        blocks.push(packed(bytes, layout));
      }
    }
  }
  return blocks;
}

function formatOf(dtype: string): number {
  return dtype.startsWith("uint") ? 1 : dtype.startsWith("int") ? 2 : 3;
}

function rowBytes(
  row: (number | bigint)[],
  channels: number,
  { data }: AnyImage,
  layout: TiffLayout,
): Uint8Array {
  const { littleEndian = true, predictor = false } = layout;
  const size = data.BYTES_PER_ELEMENT;
  const isFloat = data instanceof Float32Array || data instanceof Float64Array;
  // Differences wrap.
  const values = Reflect.construct(data.constructor, [row.length]) as Float64Array;
  row.forEach((value, i) => {
    const before = row[i - channels];
    const isChanged = predictor && !isFloat && i >= channels;
    values[i] = (!isChanged
      ? value
      : typeof value === "bigint"
      ? value - (before as bigint)
      : value - (before as number)) as number;
  });
  const stored = new Uint8Array(values.buffer);
  const bytes = stored.map((_, i) =>
    littleEndian && !(predictor && isFloat) ? stored[i] : stored[i - i % size + size - 1 - i % size]
  );
  if (!isFloat || !predictor) return bytes;
  const planes = bytes.map((_, i) => bytes[(i % row.length) * size + Math.floor(i / row.length)]);
  return planes.map((byte, i) => i < channels ? byte : byte - planes[i - channels]);
}

function packed(bytes: number[], { compression = 1 }: TiffLayout): Uint8Array {
  if (compression === 5) return packLzw(bytes);
  if (compression === 8) return deflateSync(Uint8Array.from(bytes));
  return compression === 1 ? Uint8Array.from(bytes) : packBits(bytes);
}

/** Writes runs of equal bytes. */
function packBits(bytes: number[]): Uint8Array {
  const out: number[] = [128];
  for (let at = 0; at < bytes.length;) {
    let length = 1;
    while (length < 128 && bytes[at + length] === bytes[at]) length++;
    out.push(length === 1 ? 0 : 257 - length, bytes[at]);
    at += length;
  }
  return Uint8Array.from(out);
}

/** Section 13: emits the longest known sequence, and adds it with the next byte to the table. */
export function packLzw(bytes: ArrayLike<number>): Uint8Array {
  let bits = "";
  let table = new Map<string, number>();
  const codeOf = (text: string) => text.length === 1 ? text.charCodeAt(0) : table.get(text);
  let width = 9;
  const emit = (code: number) => bits += code.toString(2).padStart(width, "0");
  emit(256);
  let text = "";
  for (const char of String.fromCharCode(...Array.from(bytes))) {
    if (codeOf(text + char) !== undefined) {
      text += char;
      continue;
    }
    emit(codeOf(text)!);
    table.set(text + char, 258 + table.size);
    if (258 + table.size >= 1 << width) width++;
    if (table.size === 4094 - 258) {
      emit(256);
      table = new Map();
      width = 9;
    }
    text = char;
  }
  if (text !== "") emit(codeOf(text)!);
  emit(257);
  return Uint8Array.from(bits.match(/.{1,8}/g)!, (byte) => parseInt(byte.padEnd(8, "0"), 2));
}
