// Fulcio, the certificate authority of Sigstore: it certifies a key and an identity for ten minutes.
import { Buffer } from "node:buffer";
import {
  certificatesInPem,
  type ClaimedCertificate,
  claimedIn,
} from "../signers/certificates/pem.ts";
import { membersOf } from "../statement.ts";
import { askJson, type AskOptions, urlBelow, wrongAnswer } from "./ask.ts";

export interface CertificateRequest {
  /** The URL of the authority. */
  fulcio: string;
  token: string;
  /** The key in PEM, and its SHA-256. */
  publicKey: string;
  keyHash: string;
  /** The subject of the token signed with the key, which proves possession of the key. */
  proof: Uint8Array;
  /** Milliseconds. */
  now: number;
}

export interface Issued extends ClaimedCertificate {
  der: Uint8Array;
}

/** Tolerated difference of clocks, milliseconds. */
const TOLERANCE_MS = 60_000;

/** Asks for a certificate, and compares it with the key. */
export async function certificateFor(
  { fulcio, token, publicKey, keyHash, proof, now }: CertificateRequest,
  options: AskOptions,
): Promise<Issued> {
  const asked = {
    action: "get a certificate from",
    url: urlBelow(fulcio, "/api/v2/signingCert"),
    secret: token,
  };
  const body = {
    credentials: { oidcIdentityToken: token },
    publicKeyRequest: {
      publicKey: { algorithm: "ECDSA", content: publicKey },
      proofOfPossession: Buffer.from(proof).toString("base64"),
    },
  };
  const answer = await askJson({ ...asked, body }, options);
  const { chain } = membersOf(answer.signedCertificateEmbeddedSct);
  const { certificates } = membersOf(chain);
  const [first] = Array.isArray(certificates) ? certificates : [];
  const [der] = typeof first === "string" ? certificatesInPem(first) : [];
  const claimed = der && claimedIn(der);
  if (claimed === undefined) {
    throw wrongAnswer(asked, "its answer has no certificate that a log has received");
  }
  if (claimed.keyHash !== keyHash) {
    throw wrongAnswer(asked, "its certificate is of another key");
  }
  const { validFrom, validTo } = claimed.facts;
  if (now < Number(validFrom) - TOLERANCE_MS || now > Number(validTo) + TOLERANCE_MS) {
    const [from, to, clock] = [validFrom, validTo, new Date(now)].map((at) => at.toISOString());
    throw wrongAnswer(
      asked,
      `its certificate is valid from ${from} to ${to}, and the clock of this machine is ${clock}`,
      "If this clock is wrong, set it and run the same command again.",
    );
  }
  return { ...claimed, der: der! };
}
