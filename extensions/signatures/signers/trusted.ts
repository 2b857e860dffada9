// Signers that a caller trusts: public keys, and certificates. What reads certificates is loaded when
// one is given.
import { checkOptions, invalid, loadPart } from "../../../core/kernel.ts";
import { idOf, publicKeyIn, readPublicKey } from "./keys.ts";
import type { KeylessSigner, Trusted } from "./signer.ts";

/** The used part of `certificates/chain.ts`. */
interface ChainPart {
  trustedCertificates(pem: string): Trusted;
  signingCertificates(pem: string, keyHash: string, at: Date): { der: Uint8Array }[];
}

/** Loads the code that reads certificates, and its package. */
export async function loadChains(): Promise<ChainPart> {
  return await loadPart<ChainPart>("./certificates/chain.ts", import.meta.url);
}

/** The used part of `keyless/keyless.ts`. */
interface KeylessPart {
  trustedIdentity(signer: KeylessSigner): Trusted;
}

/** Reads trusted signers: a public key or certificates, each in PEM, or identities. */
export async function readTrusted(
  signedBy: readonly (string | KeylessSigner)[],
): Promise<Trusted[]> {
  const trusted: Trusted[] = [];
  for (const signer of signedBy) trusted.push(await trustedBy(signer));
  return trusted;
}

async function trustedBy(signer: string | KeylessSigner): Promise<Trusted> {
  if (typeof signer === "string") {
    return hasCertificates(signer)
      ? (await loadChains()).trustedCertificates(signer)
      : trustedKey(signer);
  }
  const { trustedIdentity } = await loadPart<KeylessPart>(
    "./keyless/keyless.ts",
    import.meta.url,
  );
  return trustedIdentity(checkIdentity(signer));
}

function checkIdentity(signer: KeylessSigner): KeylessSigner {
  const { identity, issuer, trustedRoot } = checkOptions("check signatures", signer, {
    identity: TEXT,
    issuer: TEXT,
    trustedRoot: TEXT,
  }, ["identity", "issuer", "trustedRoot"]);
  const empty = Object.entries({ identity, issuer, trustedRoot }).find(([, text]) => text === "");
  if (empty === undefined) return signer;
  throw invalid("check signatures", undefined, `${empty[0]} is empty`, {
    hint: "Pass the identity of the signer, the URL of its issuer, and a trusted root.",
  });
}

const TEXT = { sent: "text" } as const;

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

/** Throws for an invalid signer, without reading certificates and roots. */
export function checkSigner(signer: string | KeylessSigner): void {
  if (typeof signer !== "string") checkIdentity(signer);
  else if (!hasCertificates(signer)) readPublicKey(signer);
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
