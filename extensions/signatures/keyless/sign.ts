// Signs with a new key, which is then discarded: an authority certifies an identity for it, and a
// log proves the time.
import { Buffer } from "node:buffer";
import { generateKeyPairSync, sign } from "node:crypto";
import { invalid, loadPart, sha256 } from "../../../core/kernel.ts";
import { type BundleParts, bundleText } from "../bundle.ts";
import { membersOf, signedBytes } from "../statement.ts";
import { type AskOptions, checkUrl } from "./ask.ts";
import { certificateFor } from "./authority.ts";
import { subjectOf } from "./identity_token.ts";
import { logged } from "./log.ts";
import { timestampOf } from "./timestamp.ts";

export interface KeylessRequest extends AskOptions {
  token: string;
  fulcio: string;
  rekor: string;
  /** The URL of a timestamp authority. @default none */
  timestampAuthority?: string;
  /** The trusted root that must verify the signature. @default it is not verified */
  trustedRoot?: string;
  /** Milliseconds. */
  now: () => number;
}

export interface KeylessParts extends BundleParts {
  identity: string;
  loggedAt: Date;
}

/** The used part of `signers/keyless/keyless.ts`. */
interface VerifierPart {
  readVerifier(trustedRoot: string): (bundle: string) => string | undefined;
}

/** Signs a statement. */
export async function signKeylessly(
  payload: string,
  { token, fulcio, rekor, timestampAuthority, trustedRoot, now, ...options }: KeylessRequest,
): Promise<KeylessParts> {
  for (const url of [fulcio, rekor, timestampAuthority]) {
    if (url !== undefined) checkUrl("use", url);
  }
  const problemOf = trustedRoot === undefined
    ? undefined
    : (await loadPart<VerifierPart>("../signers/keyless/keyless.ts", import.meta.url)).readVerifier(
      trustedRoot,
    );
  const subject = subjectOf(token, now());
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const pem = String(publicKey.export({ type: "spki", format: "pem" })), keyHash = sha256(pem);
  const proof = sign("sha256", Buffer.from(subject), privateKey);
  const request = { fulcio, token, publicKey: pem, keyHash, proof, now: now() };
  const certificate = await certificateFor(request, options);
  const signature = sign("sha256", signedBytes(payload), privateKey);
  const sig = signature.toString("base64");
  const { dsseEnvelope: envelope } = membersOf(JSON.parse(bundleText({ keyHash, payload, sig })));
  const { entry, loggedAt } = await logged(
    { rekor, envelope: envelope as object, payload, sig, certificate },
    options,
  );
  const timestamps = timestampAuthority === undefined
    ? []
    : [await timestampOf(signature, timestampAuthority, options)];
  const material = materialOf(certificate.der, entry, timestamps);
  const parts = { keyHash, payload, sig, material };
  const problem = problemOf?.(bundleText(parts));
  if (problem !== undefined) {
    throw invalid("sign", undefined, `the trusted root refuses the signature: ${problem}`, {
      hint: "Pass the trusted root of these services.",
    });
  }
  return { ...parts, identity: identityIn(certificate.facts.names), loggedAt };
}

function materialOf(certificate: Uint8Array, entry: object, timestamps: readonly Uint8Array[]) {
  const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");
  return JSON.stringify({
    mediaType: "application/vnd.dev.sigstore.bundle.v0.3+json",
    verificationMaterial: {
      certificate: { rawBytes: base64(certificate) },
      tlogEntries: [entry],
      ...timestamps.length > 0 && {
        timestampVerificationData: {
          rfc3161Timestamps: timestamps.map((each) => ({ signedTimestamp: base64(each) })),
        },
      },
    },
  });
}

/** Returns the identity of a certificate, without its kind: `email:alice@acme.com`. */
function identityIn(names = ""): string {
  return names.replace(/^[A-Za-z]+:/, "");
}
