// Certificates in PEM and in bundles, before anything in them is believed.
import { Buffer } from "node:buffer";
import { X509Certificate } from "node:crypto";
import { corrupt, sha256 } from "../../../../core/kernel.ts";
import type { CertificateFacts } from "../signer.ts";

/** Returns the certificates in a text, DER. */
export function certificatesInPem(pem: string): Buffer[] {
  const found = pem.matchAll(/-----BEGIN CERTIFICATE-----([^-]*)-----END CERTIFICATE-----/g);
  return [...found].map(([, base64 = ""]) => Buffer.from(base64, "base64"));
}

const SEQUENCE = 0x30;

/** Returns where the content of an element of DER begins and ends. */
export function elementAt(der: Buffer, begin: number): { content: number; end: number } {
  const first = der.readUInt8(begin + 1), more = first < 0x80 ? 0 : first & 0x7f;
  if (more > 4 || first === 0x80) {
    throw corrupt("read the certificate", undefined, "a length that is not DER");
  }
  const content = begin + 2 + more;
  const length = more === 0 ? first : der.readUIntBE(begin + 2, more);
  return { content, end: content + length };
}

/** A certificate of a signature that nobody has checked yet. */
export interface ClaimedCertificate {
  facts: CertificateFacts;
  /** Its public key, PEM. */
  publicKey: string;
  /** The SHA-256 of that text. */
  keyHash: string;
}

/** Reads a certificate in DER; undefined if it is anything else. */
export function claimedIn(der: Uint8Array): ClaimedCertificate | undefined {
  try {
    const bytes = Buffer.from(der);
    // Node also reads PEM, and ignores what follows. The format of bundles has DER.
    if (bytes[0] !== SEQUENCE || elementAt(bytes, 0).end !== bytes.length) return undefined;
    const certificate = new X509Certificate(bytes);
    const { subject, issuer, subjectAltName, validFrom, validTo } = certificate;
    const publicKey = String(certificate.publicKey.export({ type: "spki", format: "pem" }));
    return {
      facts: {
        subject: namesIn(subject),
        issuer: namesIn(issuer),
        ...subjectAltName && { names: plain(subjectAltName) },
        validFrom: new Date(validFrom),
        validTo: new Date(validTo),
      },
      publicKey,
      keyHash: sha256(publicKey),
    };
  } catch {
    return undefined;
  }
}

/** Returns the public key of the first certificate in a text, PEM; the text itself if it has none. */
export function keyOfCertificate(pem: string): string {
  const [der] = certificatesInPem(pem);
  return (der === undefined ? undefined : claimedIn(der))?.publicKey ?? pem;
}

/** Returns a name on one line. Node has a line for each of its parts. */
function namesIn(name: string | undefined): string {
  return plain((name ?? "").split("\n").filter((part) => part !== "").join(", "));
}

/** Replaces characters that a terminal would obey: anybody may write a certificate or a bundle. */
export function plain(text: string): string {
  return text.replace(/\p{C}/gu, "?");
}
