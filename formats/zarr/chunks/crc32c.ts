/**
 * CRC32C, the sum of Castagnoli (RFC 3720, appendix B.4): polynomial 0x1edc6f41, bits reversed.
 *
 * @module
 */

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let sum = byte;
  for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? sum >>> 1 ^ 0x82f63b78 : sum >>> 1;
  return sum;
});

/** The sum of these bytes, from 0 to 2^32 - 1. */
export function crc32c(bytes: Uint8Array): number {
  let sum = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) sum = sum >>> 8 ^ TABLE[(sum ^ bytes[i]) & 255];
  return (sum ^ 0xffffffff) >>> 0;
}
