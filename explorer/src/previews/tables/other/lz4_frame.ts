// LZ4 frames (https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md), unpacked to a known size.
// Blocks may repeat bytes of those before. Checksums are not compared.
import { copyBack, copyIn } from "../../../../../formats/compression/lz4.ts";

const MAGIC = 0x184d2204;
const LEAST_MATCH = 4;

export function unpackLz4Frame(packed: Uint8Array, size: number): Uint8Array {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  if (view.getUint32(0, true) !== MAGIC) throw new Error("not an LZ4 frame");
  const flags = view.getUint8(4);
  const hasChecksums = (flags & 16) !== 0;
  let at = 7 + ((flags & 8) === 0 ? 0 : 8) + ((flags & 1) === 0 ? 0 : 4);
  const out = new Uint8Array(size);
  let end = 0;
  for (let head; (head = view.getUint32(at, true)) !== 0;) {
    const length = head & 0x7fffffff;
    at += 4;
    if (length > packed.byteLength - at) throw new Error("data is truncated");
    const block = packed.subarray(at, at + length);
    end = head >>> 31 === 1
      ? copyIn(block, 0, { out, to: end, length })
      : unpackBlock(block, out, end);
    at += length + (hasChecksums ? 4 : 0);
  }
  if (end !== size) throw new Error(`data has ${end} bytes, expected ${size}`);
  return out;
}

/** Unpacks a block behind earlier ones. Returns the end. */
function unpackBlock(block: Uint8Array, out: Uint8Array, begin: number): number {
  let [from, to] = [0, begin];
  const byte = () => {
    const next = block[from++];
    if (next === undefined) throw new Error("data is truncated");
    return next;
  };
  const lengthOf = (short: number) => {
    let length = short;
    if (short === 15) { for (let next = 255; next === 255;) length += next = byte(); }
    return length;
  };
  while (from < block.byteLength) {
    const token = byte();
    const literals = lengthOf(token >> 4);
    to = copyIn(block, from, { out, to, length: literals });
    from += literals;
    if (from === block.byteLength) break; // the last sequence has no match
    const offset = byte() + byte() * 256;
    to = copyBack(out, to, offset, lengthOf(token & 15) + LEAST_MATCH);
  }
  return to;
}
