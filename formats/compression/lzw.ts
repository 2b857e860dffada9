// LZW as GIF and TIFF use it: codes of growing width for sequences, one that clears the table, and
// one that ends the data.

/** Most codes of the table, and so the longest sequence. */
export const MAX_CODES = 4096;
const MAX_WIDTH = 12;

/** The variant of a format. */
export interface LzwCodes {
  /** The code that clears the table; the next one ends the data, codes below are single bytes. */
  clear: number;
  /** Codes are packed with the highest bit first, as in TIFF. */
  isHighFirst: boolean;
  /** Width grows one code before it has to, as in TIFF. */
  isEarly: boolean;
}

/**
 * Unpacks `count` bytes. Returns undefined if the data is damaged or too short. Sequences are
 * copied from the output; the newest one may refer to itself.
 */
export function unpackLzw(
  packed: Uint8Array,
  count: number,
  { clear, isHighFirst, isEarly }: LzwCodes,
): Uint8Array | undefined {
  const [end, firstWidth] = [clear + 1, Math.log2(clear) + 1];
  const byteAt = (at: number) => packed[at] ?? 0; // also behind the end
  const out = new Uint8Array(count);
  const places = new Uint32Array(MAX_CODES);
  const lengths = new Uint32Array(MAX_CODES);
  let [next, width] = [end + 1, firstWidth];
  let [beforeAt, beforeLength] = [0, 0]; // the previous sequence; empty after a clear
  let [bit, to] = [0, 0];
  while (to < count) {
    if (bit + width > packed.byteLength * 8) return undefined;
    const byte = Math.floor(bit / 8);
    const word = isHighFirst
      ? byteAt(byte) << 16 | byteAt(byte + 1) << 8 | byteAt(byte + 2)
      : byteAt(byte) | byteAt(byte + 1) << 8 | byteAt(byte + 2) << 16;
    const shift = isHighFirst ? 24 - bit % 8 - width : bit % 8;
    const code = word >> shift & ((1 << width) - 1);
    bit += width;
    if (code === end) return undefined;
    if (code === clear) {
      [next, width, beforeLength] = [end + 1, firstWidth, 0];
      continue;
    }
    const isNew = beforeLength > 0 && next < MAX_CODES;
    if (isNew) { // the previous sequence and the next byte, which may be that of this code
      places[next] = beforeAt;
      lengths[next++] = beforeLength + 1;
    }
    if (code >= next) return undefined;
    const start = to;
    if (code < clear) out[to++] = code;
    else {
      const at = places[code]!;
      const stop = at + Math.min(lengths[code]!, count - to);
      for (let from = at; from < stop; from++) out[to++] = out[from]!;
    }
    const isFull = next + (isEarly ? 1 : 0) >= 1 << width;
    if (isFull && (isNew || isEarly) && width < MAX_WIDTH) width++;
    beforeAt = start;
    beforeLength = to - start;
  }
  return out;
}
