// Signers that a caller trusts: public keys, and certificates. What reads certificates is loaded when
// one is given.
import { invalid, loadPart } from "../../core/kernel.ts";
import { idOf, publicKeyIn, readPublicKey } from "./keys.ts";
import type { Trusted } from "./signer.ts";

/** The used part of `certificates/chain.ts`. */
interface ChainPart {
  trustedCertificates(pem: string): Trusted;
  signingCertificates(pem: string, keyHash: string, at: Date): { der: Uint8Array }[];
}

/** Loads the code that reads certificates, and its package. */
export async function loadChains(): Promise<ChainPart> {
  return await loadPart<ChainPart>("./certificates/chain.ts", import.meta.url);
}

/** Reads trusted signers: a public key, or certificates, each in PEM. */
export async function readTrusted(signedBy: readonly string[]): Promise<Trusted[]> {
  const trusted: Trusted[] = [];
  for (const pem of signedBy) {
    trusted.push(
      hasCertificates(pem) ? (await loadChains()).trustedCertificates(pem) : trustedKey(pem),
    );
  }
  return trusted;
}

function trustedKey(pem: string): Trusted {
  const { hash, hasSigned } = readPublicKey(pem);
  return {
    hash,
    title: `the key ${idOf(hash)}`,
    judge({ keyHash, bytes, signature }) {
      if (keyHash !== hash) return undefined;
      const problem = "the key did not sign the files of this version";
      return hasSigned(bytes, signature) ? {} : { problem };
    },
  };
}

/** Throws for a text that is neither a public key nor certificates, without reading the latter. */
export function checkSigner(pem: string): void {
  if (!hasCertificates(pem)) readPublicKey(pem);
}

/** Returns the part of a text that is a public key, or certificates. */
export function signerIn(pem: string): string {
  if (!hasCertificates(pem)) return publicKeyIn(pem);
  return [...pem.matchAll(CERTIFICATE)].map(([text]) => text).join("\n");
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;
/** A hundred roots of a system have 200 KiB. */
const MOST_CHARACTERS = 1024 * 1024;

function hasCertificates(pem: string): boolean {
  const begins = [...pem.matchAll(/-----BEGIN ([^-\n]*)-----/g)].map(([, kind]) => kind);
  // A private key is refused as such.
  if (!begins.includes("CERTIFICATE") || /PRIVATE KEY/.test(pem)) return false;
  if (begins.some((kind) => kind !== "CERTIFICATE") || pem.length > MOST_CHARACTERS) {
    const state = "a file has more than certificates";
    const hint = "Pass either a public key or certificates.";
    throw invalid("check signatures", undefined, state, { hint });
  }
  return true;
}
