// Chunks of PNG files, with their checksums.
import { crc32 } from "node:zlib";

/** Makes a chunk. */
export function pngChunk(type: string, content: ArrayLike<number>): Uint8Array {
  const named = new Uint8Array(4 + content.length);
  named.set(new TextEncoder().encode(type));
  named.set(content, 4);
  const bytes = new Uint8Array(named.length + 8);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, content.length);
  bytes.set(named, 4);
  view.setUint32(named.length + 4, crc32(named));
  return bytes;
}
