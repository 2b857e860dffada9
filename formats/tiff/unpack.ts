// The compressions of TIFF blocks, unpacked into a buffer of the expected size. "TIFF Revision
// 6.0": PackBits section 9, LZW section 13, differencing section 14. Adobe Photoshop TIFF Technical
// Notes: floating point differencing 3 (2005), Deflate 2 (2002).
import { inflateSync } from "node:zlib";
import { HOST_BIG_ENDIAN } from "../arrays/view_bytes.ts";

/** Maximum number of codes of the table, and so the longest sequence. */
const MAX_CODES = 4096;
const [FIRST_WIDTH, MAX_WIDTH] = [9, 12];
/** The code that clears the table, and the one that ends the data. Codes below are single bytes. */
const [CLEAR, END] = [256, 257];

/** True for LZW of libtiff before 5.0, whose codes begin with their lowest bits. */
export function isOldLzw(packed: Uint8Array, compression: number): boolean {
  return compression === 5 && packed[0] === 0 && (packed[1] ?? 0) % 2 === 1; // the code that clears
}

/**
 * Unpacks a block. Returns undefined if it is damaged or too short.
 *
 * @param maxBytes the longest block: the last strip may contain rows below the image
 */
export function unpackBlock(
  packed: Uint8Array,
  compression: number,
  { bytes, maxBytes }: { bytes: number; maxBytes: number },
): Uint8Array | undefined {
  if (compression === 5) return unpackLzw(packed, bytes);
  if (compression === 32_773) return unpackBits(packed, bytes);
  try {
    const inflated = inflateSync(packed, { maxOutputLength: maxBytes }); // copied, so aligned
    return inflated.byteLength < bytes ? undefined : new Uint8Array(inflated.subarray(0, bytes));
  } catch {
    return undefined;
  }
}

/**
 * Unpacks runs: a byte n up to 127 precedes n + 1 bytes, one above 128 a byte to repeat 257 - n
 * times.
 */
function unpackBits(packed: Uint8Array, bytes: number): Uint8Array | undefined {
  const out = new Uint8Array(bytes);
  let to = 0;
  for (let at = 0; at < packed.byteLength && to < bytes;) {
    const header = packed[at++]!;
    if (header === 128) continue;
    const length = Math.min(header < 128 ? header + 1 : 257 - header, bytes - to);
    if (at + (header < 128 ? length : 1) > packed.byteLength) return undefined;
    if (header < 128) out.set(packed.subarray(at, at + length), to);
    else out.fill(packed[at]!, to, to + length);
    at += header < 128 ? header + 1 : 1;
    to += length;
  }
  return to === bytes ? out : undefined;
}

/**
 * Unpacks codes for sequences, packed with the highest bit first. Their width grows one code before
 * it has to. Sequences are copied from the output; the newest one may refer to itself.
 */
function unpackLzw(packed: Uint8Array, count: number): Uint8Array | undefined {
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

/**
 * Undoes differencing of integers in place: each sample is the difference to the previous pixel.
 */
export function undoDifferences(data: Uint8Array, rowSamples: number, channels: number): void {
  for (let row = 0; row < data.length; row += rowSamples) {
    for (let i = row + channels; i < row + rowSamples; i++) data[i]! += data[i - channels]!; // wraps
  }
}

/** Undoes the float predictor: differences of bytes, the most significant of all samples first. */
export function undoFloatDifferences(
  packed: Uint8Array,
  { rowSamples, channels, bytes }: { rowSamples: number; channels: number; bytes: number },
): Uint8Array {
  const rowBytes = rowSamples * bytes;
  undoDifferences(packed, rowBytes, channels);
  const out = new Uint8Array(packed.byteLength);
  for (let row = 0; row < packed.byteLength; row += rowBytes) {
    for (let plane = 0; plane < bytes; plane++) {
      const place = row + (HOST_BIG_ENDIAN ? plane : bytes - 1 - plane);
      for (let i = 0; i < rowSamples; i++) {
        out[place + i * bytes] = packed[row + plane * rowSamples + i]!;
      }
    }
  }
  return out;
}
