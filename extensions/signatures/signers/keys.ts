// Keys in PEM: private ones that sign, and public ones that a caller trusts.
import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from "node:crypto";
import { invalid, type RegistryError, sha256 } from "../../../core/kernel.ts";

/** A key that signs, such as one in a key management service. */
export interface SigningKey {
  /** The public key, PEM (SubjectPublicKeyInfo). */
  publicKey: string;
  /** Returns the signature of bytes: of ECDSA as DER. */
  sign(bytes: Uint8Array): Promise<Uint8Array> | Uint8Array;
}

/** The digest that a curve is used with; null for keys that have their own. */
const DIGESTS: Readonly<Record<string, string | null>> = {
  prime256v1: "sha256",
  secp384r1: "sha384",
  secp521r1: "sha512",
  ed25519: null,
};

const KINDS_HINT = "Use an EC key of the curve P-256, P-384 or P-521, or an Ed25519 key, as PEM.";

const NO_PUBLIC_KEY = "the key is not a public key in PEM";

function digestFor(key: KeyObject): string | null | undefined {
  const { asymmetricKeyType = "", asymmetricKeyDetails } = key;
  return DIGESTS[asymmetricKeyDetails?.namedCurve ?? asymmetricKeyType];
}

/** Reads a private key. Errors never contain its text. */
export function readSigningKey(pem: string, passphrase?: string): SigningKey {
  const key = privateKey(pem, passphrase);
  const digest = digestFor(key);
  if (digest === undefined) throw unusable("sign", `unsupported key type ${kindOf(key)}`);
  return { publicKey: pemOf(createPublicKey(key)), sign: (bytes) => sign(digest, bytes, key) };
}

function privateKey(pem: string, passphrase?: string): KeyObject {
  if (/BEGIN ENCRYPTED (?:COSIGN|SIGSTORE) /.test(pem)) {
    throw unusable("sign", "cosign wrote the key, in a format of its own");
  }
  const isEncrypted = /ENCRYPTED/.test(pem);
  if (isEncrypted && passphrase === undefined) {
    throw invalid("sign", undefined, "the key is encrypted", { hint: "Pass its passphrase, too." });
  }
  try {
    return createPrivateKey(isEncrypted ? { key: pem, passphrase } : pem);
  } catch {
    if (/-----BEGIN [A-Z ]+-----(?:\\n| *[\w+/])/.test(pem)) {
      throw invalid("sign", undefined, "the key has lost its line breaks", {
        hint: 'Keep them in variables, secrets and shells: echo "$KEY", not echo $KEY.',
      });
    }
    throw isEncrypted
      ? invalid("sign", undefined, "the passphrase does not open the key", {
        hint: "Pass the passphrase of this key.",
      })
      : noPrivateKey(pem);
  }
}

function noPrivateKey(pem: string): RegistryError {
  const public_ = /-----BEGIN (?:PUBLIC KEY|(CERTIFICATE))-----/.exec(pem);
  if (public_ === null) return unusable("sign", "the key is not a private key in PEM");
  return invalid("sign", undefined, `a ${public_[1] ? "certificate" : "public key"} is given`, {
    hint: "Pass the private key of the signer.",
  });
}

function unusable(action: string, state: string): RegistryError {
  return invalid(action, undefined, state, { hint: KINDS_HINT });
}

function kindOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): string {
  return asymmetricKeyDetails?.namedCurve ?? asymmetricKeyType ?? "unknown";
}

function pemOf(key: KeyObject): string {
  return String(key.export({ type: "spki", format: "pem" }));
}

/** Returns the digest that a public key signs; undefined for a key that signs whole bytes. */
export function digestOfKey(pem: string): string | undefined {
  readPublicKey(pem);
  return digestFor(createPublicKey(publicKeyIn(pem))) ?? undefined;
}

/** Digits of the SHA-256 of a key that are its id. */
const ID_DIGITS = 16;

export function idOf(keyHash: string): string {
  return keyHash.slice(0, ID_DIGITS);
}

/** A public key that a caller trusts. */
export interface TrustedKey {
  /** Returns true if the key made this signature of the bytes. */
  hasSigned(bytes: Uint8Array, signature: Uint8Array): boolean;
  /** The SHA-256 of its PEM text: the `hint` of a bundle. */
  hash: string;
}

/** Returns the part of a text that is a public key. */
export function publicKeyIn(pem: string): string {
  return /-----BEGIN PUBLIC KEY-----.*-----END PUBLIC KEY-----/s.exec(pem)?.[0] ?? pem;
}

export function readPublicKey(pem: string): TrustedKey {
  const action = "check signatures";
  if (/PRIVATE KEY/.test(pem)) {
    throw invalid(action, undefined, "a private key is given", {
      hint: "Pass the public key. Only the signer has the private one.",
    });
  }
  // Without this, a certificate is the key in it, whatever its dates, and of two keys only one is read.
  const begins = [...pem.matchAll(/-----BEGIN ([^-\n]*)-----/g)].map(([, kind]) => kind);
  if (begins.length !== 1 || begins[0] !== "PUBLIC KEY") {
    throw unusable(action, begins.length > 1 ? "one string contains several keys" : NO_PUBLIC_KEY);
  }
  let key: KeyObject;
  try {
    key = createPublicKey(publicKeyIn(pem));
  } catch {
    throw unusable(action, NO_PUBLIC_KEY);
  }
  const digest = digestFor(key);
  if (digest === undefined) throw unusable(action, `unsupported key type ${kindOf(key)}`);
  return {
    hasSigned: (bytes, signature) => verify(digest, bytes, key, signature),
    hash: sha256(pemOf(key)),
  };
}
