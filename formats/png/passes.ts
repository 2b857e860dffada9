// The samples of an interlaced PNG image of less than 8 bits (https://www.w3.org/TR/png-3/, clauses 8 and 9), which
// `fast-png` does not read.
import { inflateSync } from "node:zlib";
import { concatBytes } from "../../core/bytes/bytes.ts";
import { corruptImage } from "../../core/image_file.ts";
import { PASSES } from "./chunks.ts";
import type { PngChunks } from "./chunks.ts";

/** Returns one sample per element, row by row. The data must be as long as the passes need. */
export function readPasses({ data, width, height, depth }: PngChunks, path: string): Uint8Array {
  const bytes: Uint8Array = inflateSync(concatBytes(data));
  const samples = new Uint8Array(width * height);
  const perByte = 8 / depth;
  const mask = 2 ** depth - 1;
  let at = 0;
  for (const [left, top, stepX, stepY] of PASSES) {
    const columns = Math.ceil((width - left) / stepX);
    if (columns < 1) continue;
    const rowBytes = Math.ceil(columns / perByte);
    let above: Uint8Array = new Uint8Array(rowBytes);
    for (let y = top; y < height; y += stepY) {
      const row = bytes.subarray(at + 1, at + 1 + rowBytes);
      if (!unfilter(bytes[at], row, above)) {
        throw corruptImage(path, `a row has the filter ${bytes[at]}`);
      }
      for (let column = 0; column < columns; column++) {
        const shift = 8 - depth * (column % perByte + 1);
        samples[y * width + left + column * stepX] = row[Math.floor(column / perByte)] >> shift &
          mask;
      }
      above = row;
      at += 1 + rowBytes;
    }
  }
  return samples;
}

/** Undoes the filter of a row in place; false for an unknown filter. A pixel takes at most a byte. */
function unfilter(filter: number, row: Uint8Array, above: Uint8Array): boolean {
  for (let i = 0; i < row.length; i++) {
    const [left, up, corner] = i === 0 ? [0, above[0], 0] : [row[i - 1], above[i], above[i - 1]];
    if (filter === 1) row[i] += left;
    else if (filter === 2) row[i] += up;
    else if (filter === 3) row[i] += left + up >> 1;
    else if (filter === 4) row[i] += paeth(left, up, corner);
  }
  return filter <= 4;
}

/** Returns the neighbor that is nearest to `left + up - corner`. */
function paeth(left: number, up: number, corner: number): number {
  const [a, b, c] = [
    Math.abs(up - corner),
    Math.abs(left - corner),
    Math.abs(left + up - 2 * corner),
  ];
  if (a <= b && a <= c) return left;
  return b <= c ? up : corner;
}
