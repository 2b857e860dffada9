// Checksums in the headers of uploads.
import { createHash } from "node:crypto";
import { fault, type RegistryError } from "../../../core/errors.ts";

/** The algorithms of `Upload-Checksum`. */
export const CHECKSUM_ALGORITHMS: readonly string[] = ["sha1", "sha256", "md5"];

/** A running checksum of received bytes. */
export interface Checksum {
  update(bytes: Uint8Array): void;
  /** Returns true if the bytes match the header. */
  matches(): boolean;
}

/** Parses `Upload-Checksum: sha1 BASE64` (tus 1.0). Throws `Invalid` for another algorithm. */
export function parseUploadChecksum(header: string): Checksum {
  const [algorithm = "", digest = "", ...rest] = header.split(" ");
  const isKnown = CHECKSUM_ALGORITHMS.includes(algorithm);
  if (isKnown && /^[A-Za-z0-9+/]+={0,2}$/.test(digest) && rest.length === 0) {
    return createChecksum(algorithm, digest);
  }
  throw invalid(
    "Upload-Checksum",
    `Send one of ${CHECKSUM_ALGORITHMS.join(", ")}, a space, and the digest in base64.`,
  );
}

/** Parses `Content-Digest: sha-256=:BASE64:` (RFC 9530). Ignores other algorithms. */
export function parseContentDigest(header: string): Checksum | undefined {
  const found = /(?:^|,)\s*sha-(256|512)=:([A-Za-z0-9+/]+={0,2}):/.exec(header);
  if (found !== null) return createChecksum(`sha${found[1]}`, found[2] ?? "");
  if (/(^|,)\s*sha-(256|512)=/.test(header)) {
    throw invalid("Content-Digest", "Send sha-256=:BASE64:, as in RFC 9530.");
  }
}

function createChecksum(algorithm: string, digest: string): Checksum {
  const hash = createHash(algorithm);
  return {
    update: (bytes) => void hash.update(bytes),
    matches: () => hash.digest("base64") === digest,
  };
}

function invalid(subject: string, hint: string): RegistryError {
  return fault({ code: "Invalid", action: "read", subject, state: "invalid checksum", hint });
}
