// The package that reads certificates for Sigstore. It verifies by a digest that Deno does not choose,
// and reads fractions of a second only if they have three digits.
import { ASN1Obj, crypto, X509Certificate } from "npm:@sigstore/core@^3.2.1";
import { Buffer } from "node:buffer";
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

const { toDate } = ASN1Obj.prototype;

/** Timestamp authorities leave out zeros at the end of a fraction (RFC 3161, section 2.4.2). */
ASN1Obj.prototype.toDate = function (this: ASN1Obj): Date {
  const text = this.tag.isGeneralizedTime() ? this.value.toString("ascii") : "";
  const [, seconds] = /^(\d{14})\.\d+Z$/.exec(text) ?? [];
  if (seconds === undefined) return toDate.call(this);
  return toDate.call(new ASN1Obj(this.tag, Buffer.from(`${seconds}Z`, "ascii"), []));
};
