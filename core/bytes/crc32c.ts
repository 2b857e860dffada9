/**
 * CRC-32C (Castagnoli, RFC 3720 section B.4), the checksum that Google Cloud Storage keeps of every object, and zarr of
 * chunks and shards. Eight tables, eight bytes a step: faster than the MD5 of the runtime.
 *
 * @module
 */

const TABLES = new Int32Array(8 * 256);
for (let byte = 0; byte < 256; byte++) {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1;
  TABLES[byte] = value;
}
for (let byte = 0; byte < 256; byte++) {
  for (let step = 1; step < 8; step++) {
    const before = TABLES[(step - 1) * 256 + byte];
    TABLES[step * 256 + byte] = TABLES[before & 255] ^ (before >>> 8);
  }
}

/** The checksum of `bytes` after those that gave `before`. */
export function crc32c(bytes: Uint8Array, before = 0): number {
  let sum = ~before;
  let i = 0;
  for (const end = bytes.length - 7; i < end; i += 8) {
    const x = sum ^ (bytes[i] | bytes[i + 1] << 8 | bytes[i + 2] << 16 | bytes[i + 3] << 24);
    sum = TABLES[1792 + (x & 255)] ^ TABLES[1536 + (x >>> 8 & 255)] ^
      TABLES[1280 + (x >>> 16 & 255)] ^ TABLES[1024 + (x >>> 24)] ^
      TABLES[768 + bytes[i + 4]] ^ TABLES[512 + bytes[i + 5]] ^ TABLES[256 + bytes[i + 6]] ^ TABLES[bytes[i + 7]];
  }
  for (; i < bytes.length; i++) sum = TABLES[(sum ^ bytes[i]) & 255] ^ (sum >>> 8);
  return ~sum >>> 0;
}
