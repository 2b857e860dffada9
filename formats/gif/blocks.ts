// The blocks of a GIF file (https://www.w3.org/Graphics/GIF/spec-gif89a.txt), scanned before
// anything is unpacked.
import type { RegistryError } from "../../core/errors.ts";
import { checkPixels, corruptImage } from "../images/image_file.ts";
import { MAX_CODES } from "../compression/lzw.ts";

export interface GifBlock {
  left: number;
  top: number;
  width: number;
  height: number;
  isInterlaced: boolean;
  palette: Uint8Array;
  transparent?: number;
  /** 2 clears its area after the frame, 3 restores it, other values leave it. */
  disposal: number;
  /** Display time, hundredths of a second. */
  delay: number;
  bits: number;
  pieces: Uint8Array[];
}

export interface GifBlocks {
  width: number;
  height: number;
  /** At least one. */
  frames: GifBlock[];
}

/** Properties of the next frame. */
type Control = Pick<GifBlock, "transparent" | "disposal" | "delay">;
type Frame = Omit<GifBlock, keyof Control>;

const [IMAGE, EXTENSION, TRAILER, CONTROL] = [0x2c, 0x21, 0x3b, 0xf9];

export function readGifBlocks(bytes: Uint8Array, path: string, maxPixels?: number): GifBlocks {
  const reader = new GifReader(bytes, path);
  if (!/^GIF8[79]a/.test(String.fromCharCode(...bytes.subarray(0, 6)))) {
    throw reader.corrupt("not a GIF file");
  }
  const head = reader.take(13);
  const screen = { width: head.getUint16(6, true), height: head.getUint16(8, true) };
  checkPixels(path, screen, maxPixels);
  const shared = reader.takePalette(head.getUint8(10));
  const frames: GifBlock[] = [];
  let control: Control = { disposal: 0, delay: 0 };
  for (let kind; (kind = reader.takeByte()) !== TRAILER;) {
    if (kind === EXTENSION) {
      const label = reader.takeByte();
      const [content] = reader.takePieces();
      if (label === CONTROL) control = readControl(content, path);
    } else if (kind === IMAGE) {
      frames.push({ ...readFrame(reader, { screen, shared, number: frames.length }), ...control });
      control = { disposal: 0, delay: 0 };
    } else throw reader.corrupt(`unknown block ${kind} at byte ${reader.at - 1}`);
  }
  if (frames.length === 0) throw reader.corrupt("it has no frames");
  return { ...screen, frames };
}

class GifReader {
  readonly #bytes: Uint8Array;
  readonly #path: string;
  at = 0;

  constructor(bytes: Uint8Array, path: string) {
    this.#bytes = bytes;
    this.#path = path;
  }

  take(length: number): DataView {
    const { buffer, byteOffset } = this.#pass(length);
    return new DataView(buffer, byteOffset, length);
  }

  takeByte(): number {
    return this.take(1).getUint8(0);
  }

  takePalette(flags: number): Uint8Array | undefined {
    return (flags & 0x80) === 0 ? undefined : this.#pass(3 * 2 ** ((flags & 7) + 1));
  }

  takePieces(): Uint8Array[] {
    const pieces: Uint8Array[] = [];
    for (let length; (length = this.takeByte()) !== 0;) pieces.push(this.#pass(length));
    return pieces;
  }

  corrupt(state: string): RegistryError {
    return corruptImage(this.#path, state);
  }

  #pass(length: number): Uint8Array {
    this.at += length;
    if (this.at > this.#bytes.byteLength) throw this.corrupt("file is truncated");
    return this.#bytes.subarray(this.at - length, this.at);
  }
}

interface FramePlace {
  screen: { width: number; height: number };
  /** The default palette. */
  shared: Uint8Array | undefined;
  number: number;
}

function readFrame(reader: GifReader, { screen, shared, number }: FramePlace): Frame {
  const head = reader.take(9);
  const field = (at: number) => head.getUint16(at, true);
  const [left, top, width, height] = [field(0), field(2), field(4), field(6)];
  const flags = head.getUint8(8);
  const palette = reader.takePalette(flags) ?? shared;
  if (palette === undefined) throw reader.corrupt(`frame ${number} has no palette`);
  const bits = reader.takeByte();
  if (bits < 2 || bits > 8) throw reader.corrupt(`frame ${number} has indices of ${bits} bits`);
  const name = `frame ${number} of ${width} x ${height} pixels`;
  if (width < 1 || height < 1 || left + width > screen.width || top + height > screen.height) {
    throw reader.corrupt(`${name} exceeds the screen`);
  }
  const pieces = reader.takePieces();
  const packedBits = pieces.reduce((sum, piece) => sum + piece.byteLength, 0) * 8;
  if (packedBits / (bits + 1) * MAX_CODES < width * height) {
    throw reader.corrupt(`${name} has too little data`);
  }
  return { left, top, width, height, isInterlaced: (flags & 0x40) !== 0, palette, bits, pieces };
}

/** Section 23: properties of the next frame. */
function readControl(content: Uint8Array | undefined, path: string): Control {
  if (content?.byteLength !== 4) throw corruptImage(path, "invalid length of a control block");
  const [flags = 0, low = 0, high = 0, index] = content;
  return {
    disposal: flags >> 2 & 7,
    delay: low | high << 8,
    ...(flags & 1) === 1 && { transparent: index },
  };
}
