// Checksums that clients send with bytes.
import { createHash } from "node:crypto";
import type { RegistryError } from "../../../mod.ts";
import { fault } from "../../../core/errors.ts";

/** The algorithms of `Upload-Checksum`. */
export const CHECKSUM_ALGORITHMS = ["sha1", "sha256", "md5"] as const;

/** Sees bytes pass, and says at the end whether they are those that were announced. */
export interface Checksum {
  /** Sees bytes. */
  update(bytes: Uint8Array): void;
  matches(): boolean;
}

/** Parses `Upload-Checksum: sha1 BASE64` (tus 1.0, checksum). Throws `Invalid` for another algorithm. */
export function parseUploadChecksum(header: string): Checksum {
  const [algorithm, digest, ...rest] = header.split(" ");
  const known = (CHECKSUM_ALGORITHMS as readonly string[]).includes(algorithm);
  if (!known || !isBase64(digest) || rest.length > 0) {
    throw invalid(
      "Upload-Checksum",
      `It is one of ${CHECKSUM_ALGORITHMS.join(", ")}, a space, and a digest in base64.`,
    );
  }
  return createChecksum(algorithm, digest);
}

/** Parses `Content-Digest: sha-256=:BASE64:` (RFC 9530); undefined where it has no algorithm that is known here. */
export function parseContentDigest(header: string): Checksum | undefined {
  for (
    const [, name, digest] of header.matchAll(
      /(?:^|,)\s*(sha-256|sha-512)=:([A-Za-z0-9+/]+={0,2}):/g,
    )
  ) {
    return createChecksum(name.replace("-", ""), digest);
  }
  if (/(^|,)\s*sha-(256|512)=/.test(header)) {
    throw invalid("Content-Digest", "It is sha-256=:BASE64:, as RFC 9530 says.");
  }
}

function createChecksum(algorithm: string, digest: string): Checksum {
  const hash = createHash(algorithm);
  return {
    update: (bytes) => void hash.update(bytes),
    matches: () => hash.digest("base64") === digest,
  };
}

function isBase64(text: string | undefined): boolean {
  return text !== undefined && /^[A-Za-z0-9+/]+={0,2}$/.test(text);
}

function invalid(header: string, hint: string): RegistryError {
  return fault({
    code: "Invalid",
    action: "read",
    subject: header,
    state: "it is no checksum",
    hint,
  });
}
