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

const MAX_COLOURS = 256;

/**
 * Returns the colours of an image, or why a GIF file cannot hold it exactly. Grey images use the
 * palette of all greys. Other palettes begin with the largest colour, so they differ from that one.
 */
export function indexColours({ data, channels }: Image): Indexed | string {
  if (channels === 1) return { palette: greys(), indices: data as Uint8Array };
  const colourAt = (at: number) => data[at]! << 16 | data[at + 1]! << 8 | data[at + 2]!;
  const found = new Set<number>();
  const room = MAX_COLOURS - (channels === 4 ? 1 : 0);
  for (let at = 0; at < data.length; at += channels) {
    const colour = colourAt(at);
    const alpha = channels === 4 ? data[at + 3] : 255;
    if (alpha === 255) found.add(colour);
    else if (alpha !== 0) return "it has pixels that are half transparent";
    else if (colour !== 0) return "it has transparent pixels with a colour";
    if (found.size > room) return `it has more than ${room} colours`;
  }
  const colours = [...found].sort((a, b) => b - a);
  const places = new Map(colours.map((colour, place) => [colour, place]));
  const indices = new Uint8Array(data.length / channels);
  for (let pixel = 0, at = 0; pixel < indices.length; pixel++, at += channels) {
    const isSeen = channels === 3 || data[at + 3] === 255;
    indices[pixel] = isSeen ? places.get(colourAt(at))! : colours.length;
  }
  const palette = Uint8Array.from(
    colours.flatMap((colour) => [colour >> 16, colour >> 8 & 255, colour & 255]),
  );
  return { palette, indices, ...channels === 4 && { transparent: colours.length } };
}

export function greys(): Uint8Array {
  return Uint8Array.from({ length: 3 * MAX_COLOURS }, (_, i) => Math.floor(i / 3));
}

export function encodeGif(
  { width, height }: Image,
  { palette, transparent, indices }: Indexed,
): Uint8Array {
  const colours = palette.byteLength / 3 + (transparent === undefined ? 0 : 1);
  const bits = Math.max(1, Math.ceil(Math.log2(colours)));
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
