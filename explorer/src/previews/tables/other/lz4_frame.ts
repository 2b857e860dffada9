// LZ4 frames (https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md), unpacked to a known size.
// Blocks may repeat bytes of those before. Checksums are not compared.
import { copyIn, unpackBehind } from "../../../../../formats/compression/lz4.ts";

const MAGIC = 0x184d2204;

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
      : unpackBehind(block, out, end);
    at += length + (hasChecksums ? 4 : 0);
  }
  if (end !== size) throw new Error(`data has ${end} bytes, expected ${size}`);
  return out;
}
