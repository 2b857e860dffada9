// LZW ("TIFF Revision 6.0", section 13): codes for sequences, packed with the highest bit first.
// Their width grows one code before it has to.

/** Maximum number of codes of the table, and so the longest sequence. */
const MAX_CODES = 4096;
const [FIRST_WIDTH, MAX_WIDTH] = [9, 12];
/** The code that clears the table, and the one that ends the data. Codes below are single bytes. */
const [CLEAR, END] = [256, 257];

/**
 * Unpacks `count` bytes. Returns undefined if the data is damaged or too short. Sequences are
 * copied from the output; the newest one may refer to itself.
 */
export function unpackLzw(packed: Uint8Array, count: number): Uint8Array | undefined {
  const byteAt = (at: number) => packed[at] ?? 0; // also behind the end
  const out = new Uint8Array(count);
  const places = new Uint32Array(MAX_CODES);
  const lengths = new Uint32Array(MAX_CODES);
  let [next, width] = [END + 1, FIRST_WIDTH];
  let [beforeAt, beforeLength] = [0, 0]; // the previous sequence; empty after a clear
  let [bit, to] = [0, 0];
  while (to < count) {
    if (bit + width > packed.byteLength * 8) return undefined;
    const byte = Math.floor(bit / 8);
    const word = byteAt(byte) << 16 | byteAt(byte + 1) << 8 | byteAt(byte + 2);
    const code = word >> 24 - bit % 8 - width & ((1 << width) - 1);
    bit += width;
    if (code === END) return undefined;
    if (code === CLEAR) {
      [next, width, beforeLength] = [END + 1, FIRST_WIDTH, 0];
      continue;
    }
    const isNew = beforeLength > 0 && next < MAX_CODES;
    if (isNew) { // the previous sequence and the next byte, which may be that of this code
      places[next] = beforeAt;
      lengths[next++] = beforeLength + 1;
    }
    if (code >= next) return undefined;
    const start = to;
    if (code < CLEAR) out[to++] = code;
    else {
      const at = places[code]!;
      const stop = at + Math.min(lengths[code]!, count - to);
      for (let from = at; from < stop; from++) out[to++] = out[from]!;
    }
    if (next + 1 >= 1 << width && width < MAX_WIDTH) width++;
    beforeAt = start;
    beforeLength = to - start;
  }
  return out;
}
