// Interlaced PNG files of gray or indexed pixels of less than 8 bits, for tests: written by the
// book.
import { deflateSync } from "node:zlib";
import { concatBytes } from "../../../core/bytes/bytes.ts";
import { pngChunk } from "./png_chunk.ts";

/** First column and row of each pass, and its steps: x, y, each x, each y. */
const PASSES = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
];

/** The content of a file. */
export interface Pixels {
  /** Pixels in a row. */
  width: number;
  /** Rows. */
  height: number;
  /** Bits of a sample. */
  depth: 1 | 2 | 4;
  /** One sample an element. */
  samples: Uint8Array;
  /** The colors that the samples are numbers of; absent: gray. */
  palette?: Uint8Array;
  /** The filters of the rows, in turn. */
  filters: readonly number[];
}

/** The file of these pixels. */
export function interlacedPng(
  { width, height, depth, samples, palette, filters }: Pixels,
): Uint8Array {
  const header = new DataView(new ArrayBuffer(13));
  header.setUint32(0, width);
  header.setUint32(4, height);
  [depth, palette === undefined ? 0 : 3, 0, 0, 1].forEach((value, i) =>
    header.setUint8(8 + i, value)
  );
  const rows: Uint8Array[] = [];
  for (const [left, top, stepX, stepY] of PASSES) {
    const columns = Math.ceil((width - left) / stepX);
    let above = new Uint8Array(Math.max(0, Math.ceil(columns * depth / 8)));
    for (let y = top; y < height && columns > 0; y += stepY) {
      const row = new Uint8Array(above.length);
      for (let i = 0; i < columns; i++) {
        row[Math.floor(i * depth / 8)] |= samples[y * width + left + i * stepX] <<
          8 - depth - i * depth % 8;
      }
      const filter = filters[rows.length % filters.length];
      rows.push(
        Uint8Array.of(
          filter,
          ...row.map((byte, i) =>
            byte - guess(filter, row[i - 1] ?? 0, above[i], above[i - 1] ?? 0)
          ),
        ),
      );
      above = row;
    }
  }
  return concatBytes([
    Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a),
    pngChunk("IHDR", new Uint8Array(header.buffer)),
    ...(palette === undefined ? [] : [pngChunk("PLTE", palette)]),
    pngChunk("IDAT", deflateSync(concatBytes(rows))),
    pngChunk("IEND", new Uint8Array()),
  ]);
}

function guess(filter: number, left: number, up: number, corner: number): number {
  if (filter < 3) return [0, left, up][filter];
  if (filter === 3) return Math.floor((left + up) / 2);
  const nearest = [left, up, corner].map((value) => Math.abs(left + up - corner - value));
  return [left, up, corner][nearest.indexOf(Math.min(...nearest))];
}
