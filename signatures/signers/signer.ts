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
}

/** The result of a check: valid without a problem. */
export interface Verdict {
  problem?: string;
}

export interface Trusted {
  /** The SHA-256 of the key in PEM, of the certificate, or of the text with several. */
  readonly hash: string;
  /** For errors, after "signature of". */
  readonly title: string;
  /** Returns undefined if the signature is of another signer. */
  judge(signed: Signed): Verdict | undefined;
}
