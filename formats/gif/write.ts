// GIF files of one frame (https://www.w3.org/Graphics/GIF/spec-gif89a.txt).
import { concatBytes } from "../../core/bytes/bytes.ts";
import type { Image } from "../images/image.ts";
import { packIndices } from "./lzw.ts";

/** A palette, and the index of each pixel. */
export interface Indexed {
  palette: Uint8Array;
  /** The index of transparent pixels, for an image with alpha. */
  transparent?: number;
  indices: Uint8Array;
}

const MAX_COLORS = 256;

/**
 * Returns the colors of an image, or why a GIF file cannot hold it exactly. Gray images use the
 * palette of all grays. Other palettes begin with the largest color, so they differ from that one.
 */
export function indexColors({ data, channels }: Image): Indexed | string {
  if (channels === 1) return { palette: grays(), indices: data as Uint8Array };
  const colorAt = (at: number) => data[at]! << 16 | data[at + 1]! << 8 | data[at + 2]!;
  const found = new Set<number>();
  const room = MAX_COLORS - (channels === 4 ? 1 : 0);
  for (let at = 0; at < data.length; at += channels) {
    const color = colorAt(at);
    const alpha = channels === 4 ? data[at + 3] : 255;
    if (alpha === 255) found.add(color);
    else if (alpha !== 0) return "it has pixels that are half transparent";
    else if (color !== 0) return "it has transparent pixels with a color";
    if (found.size > room) return `it has more than ${room} colors`;
  }
  const colors = [...found].sort((a, b) => b - a);
  const places = new Map(colors.map((color, place) => [color, place]));
  const indices = new Uint8Array(data.length / channels);
  for (let pixel = 0, at = 0; pixel < indices.length; pixel++, at += channels) {
    const isSeen = channels === 3 || data[at + 3] === 255;
    indices[pixel] = isSeen ? places.get(colorAt(at))! : colors.length;
  }
  const palette = Uint8Array.from(
    colors.flatMap((color) => [color >> 16, color >> 8 & 255, color & 255]),
  );
  return { palette, indices, ...channels === 4 && { transparent: colors.length } };
}

export function grays(): Uint8Array {
  return Uint8Array.from({ length: 3 * MAX_COLORS }, (_, i) => Math.floor(i / 3));
}

export function encodeGif(
  { width, height }: Image,
  { palette, transparent, indices }: Indexed,
): Uint8Array {
  const colors = palette.byteLength / 3 + (transparent === undefined ? 0 : 1);
  const bits = Math.max(1, Math.ceil(Math.log2(colors)));
  const head = new Uint8Array(13 + 3 * 2 ** bits);
  const view = new DataView(head.buffer);
  head.set(new TextEncoder().encode("GIF89a"));
  view.setUint16(6, width, true);
  view.setUint16(8, height, true);
  head[10] = 0x80 | 7 << 4 | bits - 1;
  head.set(palette, 13);
  const control = transparent === undefined ? [] : [0x21, 0xf9, 4, 1, 0, 0, transparent, 0];
  const frame = [0x2c, 0, 0, 0, 0, ...head.subarray(6, 10), 0, Math.max(2, bits)];
  const packed = packIndices(indices, Math.max(2, bits));
  return concatBytes([head, Uint8Array.from([...control, ...frame]), packed, Uint8Array.of(0x3b)]);
}
