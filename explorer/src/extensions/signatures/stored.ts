// Signatures in the label of a version: claims of who added them.
import { isJsonObject } from "../../../../core/text/json_text.ts";
import { bytesOf, type CertificateFacts, factsIn, visible } from "./certificate.ts";

/** A signature, as its author describes it. */
export interface ClaimedSignature {
  readonly id: string;
  /** The SHA-256 of the public key in PEM. */
  readonly keyHash: string;
  /** `ECDSA`, `Ed25519`; undefined for a signature that has the form of neither. */
  readonly algorithm?: string;
  /** The name that was signed, without invisible characters. */
  readonly subject: string;
  /** ISO 8601. */
  readonly addedAt: string;
  /** The files of a statement that another tool wrote. Absent: all of the version. */
  readonly files?: number;
  readonly certificate?: CertificateFacts;
  /** When a transparency log received it, ISO 8601. */
  readonly loggedAt?: string;
}

/** Digits of the SHA-256 of a key that are its id. */
const ID_DIGITS = 16;

/** Returns the signatures in a label; undefined for malformed ones. */
export function claimedIn(label: unknown): [id: string, claimed: ClaimedSignature | undefined][] {
  return Object.entries(membersOf(label)).map(([id, value]) => [id, claimedOf(id, value)]);
}

function claimedOf(id: string, value: unknown): ClaimedSignature | undefined {
  const { keyHash, sig, subject, addedAt, payload, material } = membersOf(value);
  const isRight = typeof keyHash === "string" && /^[0-9a-f]{64}$/.test(keyHash) &&
    keyHash.slice(0, ID_DIGITS) === id && typeof sig === "string" && typeof subject === "string" &&
    typeof addedAt === "string" && !Number.isNaN(Date.parse(addedAt));
  if (!isRight) return undefined;
  const { verificationMaterial } = membersOf(parsed(material));
  const { certificate, x509CertificateChain, tlogEntries } = membersOf(verificationMaterial);
  const leaf = certificate ?? first(membersOf(x509CertificateChain).certificates);
  const { rawBytes } = membersOf(leaf);
  const { integratedTime } = membersOf(first(tlogEntries));
  const seconds = typeof integratedTime === "string" ? Number(integratedTime) : 0;
  const { resources } = membersOf(membersOf(parsed(payload)).predicate);
  return {
    id,
    keyHash,
    subject: visible(subject),
    addedAt,
    algorithm: algorithmOf(sig),
    ...payload !== undefined && { files: Array.isArray(resources) ? resources.length : 0 },
    ...typeof rawBytes === "string" && { certificate: factsIn(rawBytes) },
    ...seconds > 0 && seconds < 8.64e12 && { loggedAt: new Date(seconds * 1000).toISOString() },
  };
}

/** Returns the algorithm that a signature has the form of: those of ECDSA are a sequence in DER. */
function algorithmOf(sig: string): string | undefined {
  const bytes = bytesOf(sig);
  if (bytes.length === 64) return "Ed25519";
  const isSequence = bytes[0] === 0x30 &&
    (bytes[1] === bytes.length - 2 || bytes[1] === 0x81 && bytes[2] === bytes.length - 3);
  return isSequence ? "ECDSA" : undefined;
}

function parsed(json: unknown): unknown {
  try {
    return typeof json === "string" ? JSON.parse(json) : undefined;
  } catch {
    return undefined;
  }
}

function first(list: unknown): unknown {
  return Array.isArray(list) ? list[0] : undefined;
}

function membersOf(value: unknown): Record<string, unknown> {
  return isJsonObject(value) ? value : {};
}
