// The checksum of stored bytes, and the most bytes that a stored chunk may have.
import { crc32c } from "../../../core/bytes/digest.ts";
import { corruptZarr } from "../errors.ts";

/** How many bytes more than its elements a stored chunk of these steps may have: what packs makes nothing much longer. */
export function mostStoredBytes(size: number): number {
  return size + Math.ceil(size / 64) + 64 * 1024;
}

/** The bytes before their sum, which must be right: CRC32C, four bytes, the least significant first. */
export function checked(key: string, bytes: Uint8Array): Uint8Array {
  const end = bytes.byteLength - 4;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (end < 0 || view.getUint32(end, true) !== crc32c(bytes.subarray(0, end))) {
    throw corruptZarr(key, "its sum is wrong");
  }
  return bytes.subarray(0, end);
}
