/**
 * LZ4, unpacked to a size that is known and no further: blocks
 * (https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md) and frames of them
 * (https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md). Sums of frames are not checked.
 *
 * @module
 */

/** Bytes that are not LZ4. */
export class Lz4Problem extends Error {}

const FRAME_MAGIC = 0x184d2204;

/** The bytes of one block. What is packed may have fewer than `size`, and never gives more. */
export function unpackLz4(packed: Uint8Array, size: number): Uint8Array {
  const out = new Uint8Array(size);
  return out.subarray(0, unpackBlock(packed, out, 0));
}

/** The bytes of one frame, as of a block. */
export function unpackLz4Frame(packed: Uint8Array, size: number): Uint8Array {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  const flags = packed[4];
  if (packed.byteLength < 7 || view.getUint32(0, true) !== FRAME_MAGIC || flags >> 6 !== 1 || (flags & 1) !== 0) {
    throw new Lz4Problem("it is no frame that is read here");
  }
  const hasBlockSums = (flags & 0x10) !== 0;
  const out = new Uint8Array(size);
  let to = 0;
  for (let from = (flags & 0x08) === 0 ? 7 : 15;;) {
    const head = view.getUint32(from, true);
    const length = head & 0x7fffffff;
    from += 4;
    if (head === 0) return out.subarray(0, to);
    if (length > packed.byteLength - from) throw new Lz4Problem("it is cut off");
    const block = packed.subarray(from, from + length);
    if (head >>> 31 === 0) to = unpackBlock(block, out, to);
    else to = copyIn(out, to, block);
    from += length + (hasBlockSums ? 4 : 0);
  }
}

/** Unpacks a block behind what is there already, which it may repeat; gives where it ends. */
function unpackBlock(packed: Uint8Array, out: Uint8Array, start: number): number {
  let from = 0;
  let to = start;
  const byte = () => {
    if (from >= packed.byteLength) throw new Lz4Problem("it is cut off");
    return packed[from++];
  };
  const length = (short: number) => {
    let whole = short;
    if (short === 15) { for (let next = 255; next === 255;) whole += next = byte(); }
    return whole;
  };
  while (from < packed.byteLength) {
    const token = byte();
    const literals = length(token >> 4);
    if (literals > packed.byteLength - from) throw new Lz4Problem("it is cut off");
    to = copyIn(out, to, packed.subarray(from, from + literals));
    from += literals;
    if (from === packed.byteLength) break; // the last sequence repeats nothing
    const offset = byte() + byte() * 256;
    to = copyBack(out, to, offset, length(token & 15) + 4);
  }
  return to;
}

function copyIn(out: Uint8Array, to: number, bytes: Uint8Array): number {
  if (bytes.byteLength > out.byteLength - to) throw new Lz4Problem("it is longer than it says");
  out.set(bytes, to);
  return to + bytes.byteLength;
}

/** Repeats bytes that were written before, also those that it writes; gives where it ends. */
export function copyBack(out: Uint8Array, to: number, offset: number, length: number): number {
  if (offset === 0 || offset > to || to + length > out.byteLength) throw new Lz4Problem("a copy leads out of it");
  if (offset >= length) out.copyWithin(to, to - offset, to - offset + length);
  else for (let i = to; i < to + length; i++) out[i] = out[i - offset];
  return to + length;
}
