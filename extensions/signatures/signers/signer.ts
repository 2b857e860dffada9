// Trusted signers, known by a key or by certificates.

/** A signature, and what it is of. */
export interface Signed {
  /** The SHA-256 of the key that it names, in PEM. */
  keyHash: string;
  signature: Uint8Array;
  /** The signed bytes. */
  bytes: Uint8Array;
  /** When it was added, as its author says. */
  addedAt: Date;
  /** The certificate of the key, and more that may lead to its issuer, DER. */
  certificates: readonly Uint8Array[];
  /** Returns all of it as a Sigstore bundle. */
  bundle(): string;
}

/** The result of a check: valid without a problem. */
export interface Verdict {
  problem?: string;
  /** When it was made, if a log proves it. */
  signedAt?: Date;
}

/** A signer without a key of its own: an identity that an issuer of tokens vouches for. */
export interface KeylessSigner {
  /** An email address, or the URL of a workflow, as in the certificate. */
  identity: string;
  /** The URL of the OpenID Connect provider: `https://accounts.google.com`. */
  issuer: string;
  /** The trusted root of Sigstore, JSON: its authorities and logs. */
  trustedRoot: string;
}

export interface Trusted {
  /** The SHA-256 of the key in PEM, of the certificate, or of the text with several; an identity. */
  readonly hash: string;
  /** For errors, after "signature of". */
  readonly title: string;
  /** Returns undefined if the signature is of another signer. */
  judge(signed: Signed): Verdict | undefined;
}

/** The content of a certificate, for people. */
export interface CertificateFacts {
  /** The owner, such as `O=Acme, CN=Alice`. */
  subject: string;
  /** The issuer, in the same form. */
  issuer: string;
  /** Further names of the owner, such as `email:alice@acme.com`. @default none */
  names?: string;
  validFrom: Date;
  validTo: Date;
}
