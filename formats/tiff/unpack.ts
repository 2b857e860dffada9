// The compressions of TIFF blocks, into a buffer that is as long as the pixels need: nothing that a
// block says makes it longer. After "TIFF Revision 6.0": PackBits section 9, LZW section 13,
// differencing section 14; floating point differencing after Adobe Photoshop TIFF Technical Note 3
// (2005); Deflate after Technical Note 2 (2002).
import { inflateSync } from "node:zlib";

/**
 * Unpacks a block. Undefined where it is damaged, or shorter than the pixels need.
 *
 * @param maxBytes how long a block may be: the last strip may have rows below the image
 */
export function unpackBlock(
  packed: Uint8Array,
  compression: number,
  { bytes, maxBytes }: { bytes: number; maxBytes: number },
): Uint8Array | undefined {
  if (compression === 5) return unpackLzw(packed, bytes);
  if (compression === 32_773) return unpackBits(packed, bytes);
  try {
    const inflated = inflateSync(packed, { maxOutputLength: maxBytes });
    return inflated.byteLength < bytes ? undefined : new Uint8Array(inflated.subarray(0, bytes)); // a copy, so aligned
  } catch {
    return undefined;
  }
}

/** Runs: a byte n from 0 to 127 stands before n + 1 bytes, one from 129 to 255 before a byte that comes 257 - n times. */
function unpackBits(packed: Uint8Array, bytes: number): Uint8Array | undefined {
  const out = new Uint8Array(bytes);
  let to = 0;
  for (let at = 0; at < packed.byteLength && to < bytes;) {
    const header = packed[at++];
    if (header === 128) continue;
    const length = Math.min(header < 128 ? header + 1 : 257 - header, bytes - to);
    if (at + (header < 128 ? length : 1) > packed.byteLength) return undefined;
    if (header < 128) out.set(packed.subarray(at, at + length), to);
    else out.fill(packed[at], to, to + length);
    at += header < 128 ? header + 1 : 1;
    to += length;
  }
  return to === bytes ? out : undefined;
}

const CLEAR = 256;
const END = 257;

/**
 * Codes of 9 to 12 bits, the highest bit first. Each code above 257 stands for the text of the code before the one that
 * made it, and one byte more: such a text was written already, so it is copied from where it stands. A code may be the one
 * that it makes itself: the text before it, and its first byte once more.
 */
function unpackLzw(packed: Uint8Array, bytes: number): Uint8Array | undefined {
  const out = new Uint8Array(bytes);
  const places = new Uint32Array(4096);
  const lengths = new Uint32Array(4096);
  let next = 258;
  let width = 9;
  let beforeAt = 0;
  let beforeLength = 0; // of the text before; 0 after a code that clears
  let to = 0;
  let bit = 0;
  while (to < bytes) {
    if (bit + width > packed.byteLength * 8) return undefined;
    const byte = Math.floor(bit / 8);
    const three = packed[byte] << 16 | packed[byte + 1] << 8 | packed[byte + 2]; // zeros behind the end
    const code = three >> (24 - bit % 8 - width) & ((1 << width) - 1);
    bit += width;
    if (code === END) return undefined;
    if (code === CLEAR) {
      next = 258;
      width = 9;
      beforeLength = 0;
      continue;
    }
    if (beforeLength > 0 && next < 4096) { // may be this very code
      places[next] = beforeAt;
      lengths[next++] = beforeLength + 1;
    }
    if (code >= next) return undefined;
    const start = to;
    if (code < CLEAR) out[to++] = code;
    else {
      const at = places[code];
      const end = at + Math.min(lengths[code], bytes - to);
      for (let from = at; from < end; from++) out[to++] = out[from];
    }
    beforeAt = start;
    beforeLength = to - start;
    if (next >= (1 << width) - 1 && width < 12) width++;
  }
  return out;
}

/** Undoes differencing of integers, in place: each sample is the difference to the one of the pixel before it. */
export function undoDifferences(data: Uint8Array, rowSamples: number, channels: number): void {
  for (let row = 0; row < data.length; row += rowSamples) {
    for (let i = row + channels; i < row + rowSamples; i++) data[i] += data[i - channels]; // wraps, of any integers
  }
}

/**
 * Undoes the predictor of floats: a row has all highest bytes, then all second ones and so on, each as the difference
 * to the byte before.
 */
export function undoFloatDifferences(
  packed: Uint8Array,
  { rowSamples, channels, bytes }: { rowSamples: number; channels: number; bytes: number },
): Uint8Array {
  const rowBytes = rowSamples * bytes;
  undoDifferences(packed, rowBytes, channels);
  const out = new Uint8Array(packed.byteLength);
  for (let row = 0; row < packed.byteLength; row += rowBytes) {
    for (let plane = 0; plane < bytes; plane++) {
      const place = row + (HOST_LITTLE_ENDIAN ? bytes - 1 - plane : plane);
      for (let i = 0; i < rowSamples; i++) {
        out[place + i * bytes] = packed[row + plane * rowSamples + i];
      }
    }
  }
  return out;
}

/** True where this machine's typed arrays have the least significant byte first. */
export const HOST_LITTLE_ENDIAN: boolean = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
