// Packing of indices as GIF (https://www.w3.org/Graphics/GIF/spec-gif89a.txt, appendix F) has them.
import { concatBytes } from "../../core/bytes/bytes.ts";
import { MAX_CODES } from "../compression/lzw.ts";

const MAX_WIDTH = 12;
/** Longest block of data, bytes. */
const PIECE_BYTES = 255;

/** Packs indices into length-prefixed blocks, with the empty one that ends them. */
export function packIndices(indices: Uint8Array, bits: number): Uint8Array {
  const [clear, end] = [1 << bits, (1 << bits) + 1];
  const out = createBits();
  let [next, width] = [end + 1, bits + 1];
  let codes = new Map<number, number>(); // by the code of all but the last index, and that index
  out.put(clear, width);
  let [text = 0] = indices;
  for (const index of indices.subarray(1)) {
    const key = text << 8 | index;
    const longer = codes.get(key);
    if (longer !== undefined) {
      text = longer;
      continue;
    }
    out.put(text, width);
    if (next < MAX_CODES) {
      if (next === 1 << width) width++; // a reader adds this code one step later
      codes.set(key, next++);
    } else {
      out.put(clear, width);
      [next, width, codes] = [end + 1, bits + 1, new Map()];
    }
    text = index;
  }
  out.put(text, width);
  if (next === 1 << width && width < MAX_WIDTH) width++;
  out.put(end, width);
  return out.pieces();
}

function createBits(): { put(code: number, width: number): void; pieces(): Uint8Array } {
  let bytes = new Uint8Array(1024);
  let [size, open, openBits] = [0, 0, 0];
  function push(byte: number): void {
    if (size === bytes.byteLength) {
      bytes = concatBytes([bytes, new Uint8Array(size)]) as Uint8Array<ArrayBuffer>;
    }
    bytes[size++] = byte;
  }
  return {
    put(code, width) {
      open |= code << openBits;
      for (openBits += width; openBits >= 8; openBits -= 8, open >>= 8) push(open & 255);
    },
    pieces() {
      if (openBits > 0) push(open & 255);
      const pieces: Uint8Array[] = [];
      for (let at = 0; at < size; at += PIECE_BYTES) {
        const piece = bytes.subarray(at, Math.min(at + PIECE_BYTES, size));
        pieces.push(Uint8Array.of(piece.byteLength), piece);
      }
      return concatBytes([...pieces, Uint8Array.of(0)]);
    },
  };
}
