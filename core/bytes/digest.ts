/**
 * SHA-256 (FIPS 180-4), at once and as a stream passes by, and with a secret (HMAC, RFC 2104).
 *
 * @module
 */
import { createHash, createHmac } from "node:crypto";

/** A running SHA-256. */
export interface Sha256 {
  /** Adds bytes. */
  update(bytes: Uint8Array): this;
  /** The digest so far as 64 lowercase hexadecimal digits; nothing may be added afterwards. */
  digest(): string;
  /** The same; more may be added. */
  soFar(): string;
}

/** Starts a running SHA-256. */
export function createSha256(): Sha256 {
  const hash = createHash("sha256");
  return {
    update(bytes) {
      hash.update(bytes);
      return this;
    },
    digest: () => hash.digest("hex"),
    soFar: () => hash.copy().digest("hex"),
  };
}

/** SHA-256 of bytes or of the UTF-8 form of a text, as 64 lowercase hexadecimal digits. */
export function sha256(data: Uint8Array | string): string {
  return createHash("sha256").update(data).digest("hex");
}

/** HMAC-SHA-256 of these one after another, as 64 lowercase hexadecimal digits. */
export function hmacSha256(secret: string, data: readonly (Uint8Array | string)[]): string {
  const hmac = createHmac("sha256", secret);
  for (const part of data) hmac.update(part);
  return hmac.digest("hex");
}
