// Sigstore bundles (v0.3) with one signature of an in-toto statement: what other tools read and write,
// https://docs.sigstore.dev/about/bundle/.
import { Buffer } from "node:buffer";
import { corrupt, parseJson } from "../core/kernel.ts";
import { hasTwice, membersOf, PAYLOAD_TYPE, textOf } from "./statement.ts";

const BUNDLE_TYPE =
  /^application\/vnd\.dev\.sigstore\.bundle(\.v0\.3\+json|\+json;version=0\.[123])$/;

/** The bundle of a million files has some 230 million. */
const MOST_CHARACTERS = 256 * 1024 * 1024;

/** The parts of a bundle. */
export interface BundleParts {
  /** The SHA-256 of the public key in PEM. */
  keyHash: string;
  /** The statement as it was signed. */
  payload: string;
  /** The signature, base64. */
  sig: string;
}

export function bundleText({ keyHash, payload, sig }: BundleParts): string {
  return JSON.stringify({
    mediaType: "application/vnd.dev.sigstore.bundle.v0.3+json",
    verificationMaterial: { publicKey: { hint: keyHash }, tlogEntries: [] },
    dsseEnvelope: {
      payload: Buffer.from(payload).toString("base64"),
      payloadType: PAYLOAD_TYPE,
      signatures: [{ sig, keyid: "" }],
    },
  });
}

/** Reads a bundle that another tool wrote. */
export function readBundle(text: string): BundleParts {
  if (text.length > MOST_CHARACTERS) throw unreadable("it is too large");
  let value: unknown;
  try {
    value = parseJson(text);
  } catch {
    throw unreadable("it is not JSON");
  }
  if (hasTwice(text)) throw unreadable("it has a member twice");
  const { mediaType, verificationMaterial, dsseEnvelope } = membersOf(value);
  if (!BUNDLE_TYPE.test(textOf(mediaType))) {
    throw unreadable(`its media type is ${JSON.stringify(mediaType)}`);
  }
  const { publicKey } = membersOf(verificationMaterial);
  const { hint } = membersOf(publicKey);
  if (typeof hint !== "string" || !/^[0-9a-f]{64}$/.test(hint)) {
    throw unreadable("it names no public key; certificates are not supported");
  }
  const { payload, payloadType, signatures } = membersOf(dsseEnvelope);
  if (payloadType !== PAYLOAD_TYPE) throw unreadable("it has no in-toto statement");
  const [first, ...others] = Array.isArray(signatures) ? signatures : [];
  const { sig } = membersOf(first);
  const statement = fromBase64(payload);
  if (others.length > 0 || fromBase64(sig) === undefined || statement === undefined) {
    throw unreadable("it does not have one signature of one statement");
  }
  try {
    const decoded = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(statement);
    return { keyHash: hint, payload: decoded, sig: String(sig) };
  } catch {
    throw unreadable("its statement is not UTF-8");
  }
}

function unreadable(state: string) {
  return corrupt("read the bundle", undefined, state, {
    hint: "Pass a Sigstore bundle of a key, as `model_signing sign key` writes it.",
  });
}

/** Decodes base64; undefined for anything else. */
export function fromBase64(text: unknown): Uint8Array | undefined {
  if (typeof text !== "string" || text === "") return undefined;
  try {
    return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
  } catch {
    return undefined;
  }
}
