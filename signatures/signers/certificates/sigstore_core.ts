// The package that reads certificates for Sigstore, which verifies by a digest that Deno does not choose.
import { crypto, X509Certificate } from "npm:@sigstore/core@^3.2.1";
import type { KeyObject } from "node:crypto";

export { X509Certificate };

const { verify } = crypto;

/** Verifies as on Node, where the digest of a key is SHA-256 unless one is given. */
function verifyByDefault(
  data: Parameters<typeof verify>[0],
  key: KeyObject,
  signature: Parameters<typeof verify>[2],
  algorithm?: string,
): boolean {
  const isOwn = key.asymmetricKeyType === "ed25519";
  return verify(data, key, signature, algorithm ?? (isOwn ? undefined : "sha256"));
}

Object.assign(crypto, { verify: verifyByDefault });
