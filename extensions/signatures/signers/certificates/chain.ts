// Chains of certificates: from the one that signed to one that a caller trusts (RFC 5280, without
// revocation, name constraints and policies).
import { invalid, isRegistryError, messageOf, sha256 } from "../../../../core/kernel.ts";
import type { Signed, Trusted, Verdict } from "../signer.ts";
import { readPublicKey } from "../keys.ts";
import { Certificate } from "./certificate.ts";
import { certificatesInPem } from "./pem.ts";

/** Reads certificates; undefined if one of them is damaged. */
function readAll(ders: readonly Uint8Array[]): Certificate[] | undefined {
  try {
    return ders.map((der) => new Certificate(der));
  } catch {
    return undefined;
  }
}

/** Returns signers whose certificates lead to one of those in a text. */
export function trustedCertificates(pem: string): Trusted {
  const anchors = readAll(certificatesInPem(pem)) ?? [];
  const [first, ...others] = anchors;
  if (first === undefined) {
    throw invalid("check signatures", undefined, "the certificate cannot be read", {
      hint: "Pass certificates of authorities, or of signers, as PEM.",
    });
  }
  const more = others.length === 0 ? "" : ` or ${others.length} more`;
  return {
    hash: others.length === 0 ? first.fingerprint : sha256(pem),
    title: `a certificate of ${first.name}${more}`,
    judge: (signed) => judge(signed, anchors),
  };
}

function judge(signed: Signed, anchors: readonly Certificate[]): Verdict | undefined {
  if (signed.certificates.length === 0) return undefined;
  const chain = readAll(signed.certificates);
  if (chain === undefined) return { problem: "one of its certificates cannot be read" };
  const [leaf, ...others] = chain as [Certificate, ...Certificate[]];
  const led = leads(leaf, others, { anchors, at: signed.addedAt });
  if (led !== undefined && led.problem === undefined) {
    if (leaf.keyHash !== signed.keyHash) return { problem: "its certificate contains another key" };
    const problem = leaf.signingProblem(signed.addedAt);
    if (problem !== undefined) return { problem };
    return signatureVerdict(leaf, signed);
  }
  return led;
}

function signatureVerdict({ pem }: Certificate, { bytes, signature }: Signed): Verdict {
  try {
    if (readPublicKey(pem).hasSigned(bytes, signature)) return {};
    return { problem: "the key of its certificate did not sign the files of this version" };
  } catch (error) { // a key of another kind, such as RSA
    const state = isRegistryError(error) ? error.state : undefined;
    return { problem: `its certificate cannot be checked: ${state ?? messageOf(error)}` };
  }
}

/**
 * Follows issuers to a trusted certificate. Returns undefined if there is no way, and a problem if the
 * only ways are through certificates that may not issue.
 */
function leads(
  leaf: Certificate,
  others: readonly Certificate[],
  { anchors, at }: { anchors: readonly Certificate[]; at: Date },
): Verdict | undefined {
  const isAnchor = (one: Certificate) => anchors.some((anchor) => anchor.equals(one));
  if (isAnchor(leaf)) return {};
  const reached = new Set([leaf]);
  const ways = [{ last: leaf, below: 0 }];
  let problem: string | undefined;
  for (const { last, below } of ways) { // which grows
    for (const issuer of [...anchors, ...others]) {
      if (reached.has(issuer) || !last.isIssuedBy(issuer)) continue;
      const unfit = issuer.issuingProblem(below, at);
      if (unfit !== undefined) {
        problem ??= unfit;
        continue;
      }
      if (isAnchor(issuer)) return {};
      reached.add(issuer);
      ways.push({ last: issuer, below: below + 1 });
    }
  }
  return problem === undefined ? undefined : { problem };
}

/** Checks the certificates with which a key is about to sign. */
export function signingCertificates(pem: string, keyHash: string, at: Date): Certificate[] {
  const chain = readAll(certificatesInPem(pem));
  const [leaf, ...others] = chain ?? [];
  const hint = "Pass the certificate of the key, then those of its issuers, as PEM.";
  const refuse = (state: string) => invalid("sign", undefined, state, { hint });
  if (leaf === undefined) throw refuse("the certificate cannot be read");
  if (others.length >= MOST_IN_CHAIN) throw refuse("there are too many certificates");
  if (leaf.keyHash !== keyHash) throw refuse("the first certificate is not of the key");
  const problem = leaf.signingProblem(at);
  if (problem !== undefined) throw refuse(`the certificate ${problem}`);
  for (const [index, issuer] of others.entries()) {
    if (!chain![index]!.isIssuedBy(issuer)) {
      throw refuse(`the certificate ${issuer.name} has not issued the one before it`);
    }
  }
  return chain!;
}

const MOST_IN_CHAIN = 10;
