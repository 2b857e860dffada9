// SHA-256 (FIPS 180-4), HMAC (RFC 2104), and CRC-32C (Castagnoli, RFC 3720 section B.4), the
// checksum of several stores and of zarr chunks.
import type * as NodeCrypto from "node:crypto";
import { builtinModule } from "../system.ts";
import { createPortableSha256 } from "./portable_sha256.ts";

/** @internal */
export interface Sha256 {
  update(data: Uint8Array | string): this;
  /** Returns the digest as 64 lowercase hexadecimal digits. Do not call `update` afterwards. */
  digest(): string;
  /** Returns the digest as 32 bytes. Do not call `update` afterwards. */
  bytes(): Uint8Array;
}

const crypto = builtinModule<typeof NodeCrypto>("node:crypto");
const encoder = new TextEncoder();

/** Returns a SHA-256 that takes bytes and strings one after the other. */
export function createSha256(): Sha256 {
  const native = crypto?.createHash("sha256");
  const hash = native ?? createPortableSha256();
  return {
    update(data) {
      hash.update(typeof data === "string" ? encoder.encode(data) : data);
      return this;
    },
    digest: () => native?.digest("hex") ?? toHex(hash.digest()),
    bytes: () => hash.digest(),
  };
}

/** Returns the SHA-256 of bytes or of a string's UTF-8 form, as 64 lowercase hexadecimal digits. */
export function sha256(data: Uint8Array | string): string {
  return crypto?.createHash("sha256").update(data).digest("hex") ??
    createSha256().update(data).digest();
}

/** Returns the size and SHA-256 of what it reads through. */
export async function digestOfChunks(
  chunks: AsyncIterable<Uint8Array>,
  signal?: AbortSignal,
): Promise<{ size: number; sha256: string }> {
  const hash = createSha256();
  let size = 0;
  for await (const chunk of chunks) {
    signal?.throwIfAborted();
    hash.update(chunk);
    size += chunk.byteLength;
  }
  return { size, sha256: hash.digest() };
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** Returns bytes as lowercase hexadecimal digits. */
export function toHex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += HEX[byte];
  return text;
}

/** Returns the bytes of hexadecimal digits. */
export function fromHex(text: string): Uint8Array {
  return Uint8Array.from(text.match(/../g) ?? [], (digits) => parseInt(digits, 16));
}

/**
 * Returns a function that takes bytes in order and verifies each run of them at its end. `fail` gets
 * the offset of a run that is wrong.
 */
export function createRunCheck(
  runs: Iterable<{ size: number; sha256?: string }>,
  fail: (offset: number) => never,
): (bytes: Uint8Array) => void {
  const pending = runs[Symbol.iterator]();
  let next = pending.next(), hash = createSha256(), start = 0, count = 0;
  return (bytes) => {
    for (let rest = bytes; !next.done && rest.byteLength > 0;) {
      const { size, sha256 } = next.value;
      const taken = rest.subarray(0, size - count);
      hash.update(taken);
      count += taken.byteLength;
      if (count < size) return;
      if (sha256 !== undefined && hash.digest() !== sha256) fail(start);
      rest = rest.subarray(taken.byteLength);
      next = pending.next();
      hash = createSha256();
      start += size;
      count = 0;
    }
  };
}

/** Returns the HMAC-SHA-256 of the concatenated data, as 64 lowercase hexadecimal digits. */
export function hmacSha256(secret: string, data: readonly (Uint8Array | string)[]): string {
  const secretBytes = encoder.encode(secret);
  const key = new Uint8Array(64);
  key.set(secretBytes.byteLength > 64 ? createSha256().update(secretBytes).bytes() : secretBytes);
  const keyed = (pad: number) => createSha256().update(key.map((byte) => byte ^ pad));
  const inner = keyed(0x36);
  for (const part of data) inner.update(part);
  return keyed(0x5c).update(inner.bytes()).digest();
}

let tables: Int32Array | undefined;

/** Eight tables process eight bytes per step, which is faster than the runtime's MD5. */
function crcTables(): Int32Array {
  const sums = new Int32Array(8 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let value = byte;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1;
    sums[byte] = value;
  }
  for (let place = 256; place < sums.length; place++) {
    const before = sums[place - 256]!;
    sums[place] = sums[before & 255]! ^ (before >>> 8);
  }
  return sums;
}

/** Returns the CRC-32C of `bytes`. `before` is the checksum of the bytes that precede them. */
export function crc32c(bytes: Uint8Array, before = 0): number {
  const t = tables ??= crcTables();
  let sum = ~before;
  let i = 0;
  for (const end = bytes.length - 7; i < end; i += 8) {
    const x = sum ^ (bytes[i]! | bytes[i + 1]! << 8 | bytes[i + 2]! << 16 | bytes[i + 3]! << 24);
    sum = t[1792 + (x & 255)]! ^ t[1536 + (x >>> 8 & 255)]! ^ t[1280 + (x >>> 16 & 255)]! ^
      t[1024 + (x >>> 24)]! ^
      t[768 + bytes[i + 4]!]! ^ t[512 + bytes[i + 5]!]! ^ t[256 + bytes[i + 6]!]! ^
      t[bytes[i + 7]!]!;
  }
  for (; i < bytes.length; i++) sum = t[(sum ^ bytes[i]!) & 255]! ^ (sum >>> 8);
  return ~sum >>> 0;
}
