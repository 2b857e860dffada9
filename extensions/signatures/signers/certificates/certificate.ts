// X.509 certificates: what decides whether one may sign, or issue others (RFC 5280).
import { Buffer } from "node:buffer";
import { createPublicKey, type KeyObject, verify } from "node:crypto";
import { corrupt, sha256 } from "../../../../core/kernel.ts";
import { claimedIn, elementAt } from "./pem.ts";
import { X509Certificate } from "./sigstore_core.ts";

/** Algorithms of signatures of certificates, and their digests. Others, such as SHA-1, are refused. */
const DIGESTS: Readonly<Record<string, string | null>> = {
  "1.2.840.10045.4.3.2": "sha256", // ECDSA
  "1.2.840.10045.4.3.3": "sha384",
  "1.2.840.10045.4.3.4": "sha512",
  "1.2.840.113549.1.1.11": "sha256", // RSA, PKCS #1
  "1.2.840.113549.1.1.12": "sha384",
  "1.2.840.113549.1.1.13": "sha512",
  "1.3.101.112": null, // Ed25519
};

const KEY_USAGE = "2.5.29.15", BASIC_CONSTRAINTS = "2.5.29.19", EXTENDED_KEY_USAGE = "2.5.29.37";
const SUBJECT_ALT_NAME = "2.5.29.17", NAME_CONSTRAINTS = "2.5.29.30";
/** Extensions that are checked here, or that restrict nothing. */
const UNDERSTOOD = new Set([KEY_USAGE, BASIC_CONSTRAINTS, EXTENDED_KEY_USAGE, SUBJECT_ALT_NAME]);
const CODE_SIGNING = "1.3.6.1.5.5.7.3.3", ANY_PURPOSE = "2.5.29.37.0";

const LEAST_RSA_BITS = 2048;

/** A certificate. Its members are claims, until its issuer is trusted. */
export class Certificate {
  readonly der: Buffer;
  /** The owner, for errors. */
  readonly name: string;
  readonly publicKey: KeyObject;
  /** The public key in PEM. */
  readonly pem: string;
  /** The SHA-256 of that text. */
  readonly keyHash: string;
  readonly #is: Content;

  /** @throws for bytes that are not a certificate, or with a damaged one of the members here */
  constructor(der: Uint8Array) {
    const claimed = claimedIn(der);
    if (claimed === undefined) throw damaged("it is not one");
    this.der = Buffer.from(der);
    this.#is = contentOf(der);
    this.name = claimed.facts.subject || `with the serial number ${this.#is.serialNumber}`;
    this.publicKey = createPublicKey({ key: this.#is.publicKey, format: "der", type: "spki" });
    this.pem = String(this.publicKey.export({ type: "spki", format: "pem" }));
    this.keyHash = sha256(this.pem);
    if (this.keyHash !== claimed.keyHash) throw damaged("two parsers read two keys");
  }

  /** The SHA-256 of the certificate. */
  get fingerprint(): string {
    return sha256(this.der);
  }

  equals(other: Certificate): boolean {
    return this.der.equals(other.der);
  }

  /** Returns true if the owner of another certificate signed this one. */
  isIssuedBy(issuer: Certificate): boolean {
    const { signed, digest, signature } = this.#is;
    if (digest === undefined || !this.#is.issuer.equals(issuer.#is.subject)) return false;
    try {
      return verify(digest, signed, issuer.publicKey, signature);
    } catch {
      return false; // a key of another kind
    }
  }

  /** Returns why it may not sign; undefined if it may. */
  signingProblem(at: Date): string | undefined {
    const { usage, purposes } = this.#is;
    if (usage !== undefined && !usage.signs) return `${this.name} may not sign`;
    if (usage === undefined && !purposes.has(CODE_SIGNING)) {
      return `${this.name} does not say that it may sign`;
    }
    return this.#problem(at);
  }

  /**
   * Returns why it may not issue certificates.
   *
   * @param below the number of issuers between it and the signer
   */
  issuingProblem(below: number, at: Date): string | undefined {
    const { isAuthority, mostBelow, usage } = this.#is;
    if (!isAuthority) return `${this.name} is not a certificate authority`;
    if (usage !== undefined && !usage.issues) return `${this.name} may not issue certificates`;
    if (mostBelow !== undefined && below > mostBelow) {
      return `the chain below ${this.name} is too long`;
    }
    const bits = this.publicKey.asymmetricKeyDetails?.modulusLength;
    if (bits !== undefined && bits < LEAST_RSA_BITS) return `the RSA key of ${this.name} is short`;
    return this.#problem(at);
  }

  #problem(at: Date): string | undefined {
    const { notBefore, notAfter, purposes, unknown } = this.#is;
    if (!(notBefore <= at && at <= notAfter)) {
      const [from, to] = [notBefore, notAfter].map((date) => date.toISOString());
      return `${this.name} is valid from ${from} to ${to}, not at ${at.toISOString()}`;
    }
    if (purposes.size > 0 && !purposes.has(CODE_SIGNING) && !purposes.has(ANY_PURPOSE)) {
      return `${this.name} is not for code signing`;
    }
    if (unknown === undefined) return undefined;
    const what = unknown === NAME_CONSTRAINTS
      ? "name constraints"
      : `the critical extension ${unknown}`;
    return `${this.name} has ${what}, which Holdfast does not check`;
  }
}

type Content = ReturnType<typeof contentOf>;

/** Reads all that is used of a certificate, so that a damaged one fails here and nowhere else. */
function contentOf(bytes: Uint8Array) {
  const der = Buffer.from(bytes), parsed = X509Certificate.parse(der);
  const { root, tbsCertificate, extKeyUsage, extBasicConstraints } = parsed;
  const [, algorithm] = root.subs, [, , promised] = tbsCertificate.subs;
  const isPromised = algorithm !== undefined && promised?.toDER().equals(algorithm.toDER());
  const extensions = parsed.extensions.map(({ subs: [oid, critical, value] }) => {
    if (oid === undefined) throw damaged("an extension has no name");
    return { oid: oid.toOID(), critical: value !== undefined && critical!.toBoolean() };
  });
  const oids = extensions.map(({ oid }) => oid);
  if (new Set(oids).size !== oids.length) throw damaged("it has an extension twice");
  const most = extBasicConstraints?.pathLenConstraint;
  const listed = parsed.extension(EXTENDED_KEY_USAGE);
  const purposes = listed?.valueObj.subs[0]?.subs ?? [];
  if (listed !== undefined && purposes.length === 0) {
    throw damaged("it has an empty list of purposes");
  }
  return {
    signed: signedPart(der),
    digest: isPromised ? DIGESTS[algorithm.subs[0]?.toOID() ?? ""] : undefined,
    signature: parsed.signatureValue,
    issuer: parsed.issuer,
    subject: parsed.subject,
    publicKey: parsed.publicKey,
    serialNumber: Buffer.from(parsed.serialNumber).toString("hex"),
    notBefore: timeOf(parsed.notBefore),
    notAfter: timeOf(parsed.notAfter),
    usage: extKeyUsage && { signs: extKeyUsage.digitalSignature, issues: extKeyUsage.keyCertSign },
    isAuthority: extBasicConstraints?.isCA ?? false,
    mostBelow: most === undefined ? undefined : Number(most),
    purposes: new Set(purposes.map((purpose) => purpose.toOID())),
    unknown: extensions.find(({ oid, critical }) =>
      oid === NAME_CONSTRAINTS || critical && !UNDERSTOOD.has(oid)
    )?.oid,
  };
}

function timeOf(time: Date): Date {
  if (Number.isNaN(time.getTime())) throw damaged("one of its times is invalid");
  return time;
}

function damaged(state: string) {
  return corrupt("read the certificate", undefined, state);
}

/** Returns the bytes of a certificate that its issuer signed: the first element of the sequence. */
function signedPart(der: Buffer): Uint8Array {
  const whole = elementAt(der, 0);
  if (whole.end !== der.length) throw damaged("more than a certificate");
  return der.subarray(whole.content, elementAt(der, whole.content).end);
}
