// Sigstore bundles (v0.3) with one signature of an in-toto statement: what other tools read and write,
// https://docs.sigstore.dev/about/bundle/.
import { Buffer } from "node:buffer";
import { corrupt, parseJson, readAtMost, sha256 } from "../../core/kernel.ts";
import { claimedIn } from "./signers/certificates/pem.ts";
import { hasTwice, membersOf, PAYLOAD_TYPE, textOf } from "./statement.ts";

const BUNDLE_TYPE =
  /^application\/vnd\.dev\.sigstore\.bundle(\.v0\.3\+json|\+json;version=0\.[123])$/;

/** The bundle of a million files has some 230 million. */
export const MOST_CHARACTERS = 256 * 1024 * 1024;

/** Reads the text of a bundle. Throws `Corrupt` for one that is too large, before it is read whole. */
export async function bundleIn(content: ReadableStream<Uint8Array> | null): Promise<string> {
  const bytes = await readAtMost(content, MOST_CHARACTERS);
  if (bytes === undefined) throw unreadable("it is too large");
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
}

/** The parts of a bundle. */
export interface BundleParts {
  /** The SHA-256 of the public key in PEM. */
  keyHash: string;
  /** The statement as it was signed. */
  payload: string;
  /** The signature, base64. */
  sig: string;
  /** The bundle without its envelope, JSON, if it has more than the SHA-256 of a key. */
  material?: string;
}

export function bundleText({ keyHash, payload, sig, material }: BundleParts): string {
  return JSON.stringify({
    ...material === undefined ? materialOf({ publicKey: { hint: keyHash } }) : JSON.parse(material),
    dsseEnvelope: {
      payload: Buffer.from(payload).toString("base64"),
      payloadType: PAYLOAD_TYPE,
      signatures: [{ sig, keyid: "" }],
    },
  });
}

function materialOf(signer: object) {
  return {
    mediaType: "application/vnd.dev.sigstore.bundle.v0.3+json",
    verificationMaterial: { ...signer, tlogEntries: [] },
  };
}

/** Returns the material of a bundle with certificates. */
export function materialWith(certificates: readonly Uint8Array[]): string {
  const chain = certificates.map((der) => ({ rawBytes: Buffer.from(der).toString("base64") }));
  return JSON.stringify(materialOf({ x509CertificateChain: { certificates: chain } }));
}

/** Returns true for a text that is the material of a bundle with certificates. */
export function isMaterial(material: unknown): material is string {
  if (typeof material !== "string" || material.length > MOST_MATERIAL) return false;
  try {
    return BUNDLE_TYPE.test(textOf(membersOf(parseJson(material)).mediaType)) &&
      certificatesIn(material).length > 0;
  } catch {
    return false;
  }
}

/** Characters of the material of a bundle: labels have 64 KiB. */
const MOST_MATERIAL = 24 * 1024;

/** Returns the certificates in the material of a bundle: that of the key, then others. */
export function certificatesIn(material: string | undefined): Uint8Array[] {
  if (material === undefined) return [];
  const { verificationMaterial } = membersOf(parseJson(material));
  const { certificate, x509CertificateChain, publicKey } = membersOf(verificationMaterial);
  if (publicKey !== undefined) return [];
  const { certificates } = membersOf(x509CertificateChain);
  const chain = Array.isArray(certificates) ? certificates : [];
  if (certificate !== undefined && x509CertificateChain !== undefined) return [];
  const all = (certificate === undefined ? chain : [certificate])
    .map((each) => fromBase64(membersOf(each).rawBytes));
  const read = all.filter((each) => each !== undefined);
  return read.length === all.length && read.length <= MOST_CERTIFICATES ? read : [];
}

const MOST_CERTIFICATES = 10;

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
  const signer = signerOf(mediaType, verificationMaterial);
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
    return { ...signer, payload: decoded, sig: String(sig) };
  } catch {
    throw unreadable("its statement is not UTF-8");
  }
}

/** Returns the key of a bundle: by its SHA-256, or that of its first certificate. */
function signerOf(
  mediaType: unknown,
  verificationMaterial: unknown,
): Pick<BundleParts, "keyHash" | "material"> {
  const { publicKey, certificate, x509CertificateChain } = membersOf(verificationMaterial);
  const signers = [publicKey, certificate, x509CertificateChain];
  if (signers.filter((each) => each !== undefined).length !== 1) {
    throw unreadable("it does not have one key or certificate");
  }
  const { hint, rawBytes } = membersOf(publicKey);
  if (publicKey !== undefined) {
    if (typeof hint === "string" && /^[0-9a-f]{64}$/.test(hint)) return { keyHash: hint };
    const pem = fromBase64(rawBytes); // in bundles of model_signing before 1.1
    if (hint === undefined && isPublicKey(pem)) return { keyHash: sha256(pem) };
    throw unreadable("it names no public key");
  }
  const material = JSON.stringify({ mediaType, verificationMaterial });
  if (material.length > MOST_MATERIAL) throw unreadable("its certificates are too long");
  const [leaf] = certificatesIn(material);
  const claimed = leaf === undefined ? undefined : claimedIn(leaf);
  if (claimed === undefined) throw unreadable("its certificate cannot be read");
  return { keyHash: claimed.keyHash, material };
}

function isPublicKey(pem: Uint8Array | undefined): pem is Uint8Array {
  return pem !== undefined &&
    new TextDecoder().decode(pem).startsWith("-----BEGIN PUBLIC KEY-----");
}

function unreadable(state: string) {
  return corrupt("read the bundle", undefined, state, {
    hint: "Pass a Sigstore bundle, as `model_signing sign` writes it.",
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
