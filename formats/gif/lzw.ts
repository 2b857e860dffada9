// The variable-length codes of GIF (https://www.w3.org/Graphics/GIF/spec-gif89a.txt, appendix F):
// the lowest bit first, a code that clears the table, one that ends, and then codes for the texts
// that came.
import { concatBytes } from "../../core/bytes/bytes.ts";

const MAX_CODES = 4096;
const MAX_WIDTH = 12;
/** The most indices that a code can stand for. */
export const MAX_TEXT: number = MAX_CODES;
/** The longest piece of data in a file, bytes. */
const PIECE_BYTES = 255;

/**
 * So many indices, unpacked; undefined where the data are damaged or have fewer. A text was written already when its code
 * comes, so it is copied from where it stands.
 */
export function unpackIndices(
  pieces: readonly Uint8Array[],
  bits: number,
  count: number,
): Uint8Array | undefined {
  const packed = concatBytes(pieces);
  const [clear, end] = [1 << bits, (1 << bits) + 1];
  const out = new Uint8Array(count);
  const places = new Uint32Array(MAX_CODES);
  const lengths = new Uint32Array(MAX_CODES);
  let [next, width] = [end + 1, bits + 1];
  let [beforeAt, beforeLength] = [0, 0]; // the text before; none after a code that clears
  let [bit, to] = [0, 0];
  while (to < count) {
    if (bit + width > packed.byteLength * 8) return undefined;
    const byte = bit >> 3;
    const three = packed[byte] | packed[byte + 1] << 8 | packed[byte + 2] << 16; // zeros behind the end
    const code = three >> (bit & 7) & ((1 << width) - 1);
    bit += width;
    if (code === end) return undefined;
    if (code === clear) {
      [next, width, beforeLength] = [end + 1, bits + 1, 0];
      continue;
    }
    const isNew = beforeLength > 0 && next < MAX_CODES;
    if (isNew) { // the text before, and the first index of this one, which may be the new code itself
      places[next] = beforeAt;
      lengths[next++] = beforeLength + 1;
    }
    if (code >= next) return undefined;
    const start = to;
    if (code < clear) out[to++] = code;
    else {
      const at = places[code];
      const stop = at + Math.min(lengths[code], count - to);
      for (let from = at; from < stop; from++) out[to++] = out[from];
    }
    if (isNew && next === 1 << width && width < MAX_WIDTH) width++;
    beforeAt = start;
    beforeLength = to - start;
  }
  return out;
}

/** The indices, packed, in the pieces of a file with their lengths before them, and the empty one that ends them. */
export function packIndices(indices: Uint8Array, bits: number): Uint8Array {
  const [clear, end] = [1 << bits, (1 << bits) + 1];
  const out = createBits();
  let [next, width] = [end + 1, bits + 1];
  let codes = new Map<number, number>(); // of a text by the code of all but its last index, and that
  out.put(clear, width);
  let text = indices[0];
  for (const index of indices.subarray(1)) {
    const key = text << 8 | index;
    const longer = codes.get(key);
    if (longer !== undefined) {
      text = longer;
      continue;
    }
    out.put(text, width);
    if (next < MAX_CODES) {
      if (next === 1 << width) width++; // whoever reads makes this code one step later
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
