// The blocks of a GIF file, after the Graphics Interchange Format specification, version 89a
// (https://www.w3.org/Graphics/GIF/spec-gif89a.txt), looked through before anything is unpacked.
import { checkPixels, corruptImage } from "../images/image_file.ts";
import { MAX_TEXT } from "./lzw.ts";

export interface GifBlock {
  left: number;
  top: number;
  width: number;
  height: number;
  isInterlaced: boolean;
  palette: Uint8Array;
  transparent?: number;
  /** What is done with it before the next: 2 clears its place, 3 brings back what was there, others leave it. */
  disposal: number;
  /** How long it is shown, hundredths of a second. */
  delay: number;
  bits: number;
  pieces: Uint8Array[];
}

export interface GifBlocks {
  width: number;
  height: number;
  /** The frames, at least one. */
  frames: GifBlock[];
}

const [IMAGE, EXTENSION, TRAILER, CONTROL] = [0x2c, 0x21, 0x3b, 0xf9];

export function readGifBlocks(bytes: Uint8Array, path: string, maxPixels?: number): GifBlocks {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  function take(length: number): number {
    at += length;
    if (at > bytes.byteLength) throw corruptImage(path, "it is cut off");
    return at - length;
  }
  function takePalette(flags: number): Uint8Array | undefined {
    if ((flags & 0x80) === 0) return undefined;
    const length = 3 * 2 ** ((flags & 7) + 1);
    const from = take(length);
    return bytes.subarray(from, from + length);
  }
  function takePieces(): Uint8Array[] {
    const pieces: Uint8Array[] = [];
    for (let length; (length = bytes[take(1)]) !== 0;) {
      const from = take(length);
      pieces.push(bytes.subarray(from, from + length));
    }
    return pieces;
  }

  if (!/^GIF8[79]a/.test(String.fromCharCode(...bytes.subarray(0, 6)))) {
    throw corruptImage(path, "it is no GIF file");
  }
  take(13);
  const [width, height] = [view.getUint16(6, true), view.getUint16(8, true)];
  checkPixels(path, { width, height }, maxPixels);
  const shared = takePalette(bytes[10]);
  const frames: GifBlock[] = [];
  let control: Pick<GifBlock, "transparent" | "disposal" | "delay"> = { disposal: 0, delay: 0 };
  for (let kind; (kind = bytes[take(1)]) !== TRAILER;) {
    if (kind === EXTENSION) {
      const label = bytes[take(1)];
      const [content] = takePieces();
      if (label === CONTROL) control = readControl(content, path);
      continue;
    }
    if (kind !== IMAGE) throw corruptImage(path, `it has a block of kind ${kind} at ${at - 1}`);
    const from = take(9);
    const [left, top, columns, rows] = [0, 2, 4, 6].map((field) =>
      view.getUint16(from + field, true)
    );
    const flags = bytes[from + 8];
    const palette = takePalette(flags) ?? shared;
    if (palette === undefined) throw corruptImage(path, `frame ${frames.length} has no colours`);
    const bits = bytes[take(1)];
    if (bits < 2 || bits > 8) {
      throw corruptImage(path, `frame ${frames.length} has indices of ${bits} bits`);
    }
    if (columns < 1 || rows < 1 || left + columns > width || top + rows > height) {
      throw corruptImage(
        path,
        `frame ${frames.length} of ${columns} x ${rows} pixels lies outside of the screen`,
      );
    }
    const pieces = takePieces();
    const packedBits = pieces.reduce((sum, piece) => sum + piece.byteLength, 0) * 8;
    if (packedBits / (bits + 1) * MAX_TEXT < columns * rows) {
      throw corruptImage(
        path,
        `frame ${frames.length} of ${columns} x ${rows} pixels has too few data`,
      );
    }
    const isInterlaced = (flags & 0x40) !== 0;
    frames.push({
      left,
      top,
      width: columns,
      height: rows,
      isInterlaced,
      palette,
      ...control,
      bits,
      pieces,
    });
    control = { disposal: 0, delay: 0 };
  }
  if (frames.length === 0) throw corruptImage(path, "it has no frame");
  return { width, height, frames };
}

/** Section 23: what counts for the next frame. */
function readControl(
  content: Uint8Array | undefined,
  path: string,
): Pick<GifBlock, "transparent" | "disposal" | "delay"> {
  if (content?.byteLength !== 4) throw corruptImage(path, "a block of control has another length");
  const [flags, low, high, index] = content;
  return {
    disposal: flags >> 2 & 7,
    delay: low | high << 8,
    ...(flags & 1) === 1 && { transparent: index },
  };
}
