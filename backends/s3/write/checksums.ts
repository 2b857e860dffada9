// Checksums of uploads.
import { createHash } from "node:crypto";
import { Buffer } from "node:buffer";
import { crc32 } from "node:zlib";
import type { S3Provider } from "../../s3_providers.ts";

export function checksumOf(
  provider: S3Provider,
  bytes: Uint8Array,
): { ChecksumCRC32: string } | { ContentMD5: string } {
  return provider.checksum === "crc32"
    ? { ChecksumCRC32: crc32Base64(bytes) }
    : { ContentMD5: createHash("md5").update(bytes).digest("base64") };
}

/** Returns the CRC-32 (ISO 3309) as S3 encodes it: base64 of four bytes, big-endian. */
function crc32Base64(bytes: Uint8Array): string {
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(bytes));
  return sum.toString("base64");
}

/** Returns the entity tag of an object in parts with these tags; undefined if they are not MD5. */
export function multipartEtag(parts: readonly (string | undefined)[]): string | undefined {
  const hash = createHash("md5");
  for (const part of parts) {
    if (!/^[0-9a-f]{32}$/i.test(part ?? "")) return undefined;
    hash.update(Buffer.from(part!, "hex"));
  }
  return `${hash.digest("hex")}-${parts.length}`;
}
