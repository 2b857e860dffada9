// Failed TLS connections: certificates that are not trusted, and servers without TLS.

/** The codes of OpenSSL in Node and Bun, and the words of rustls in Deno. */
const UNTRUSTED = new RegExp([
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "UNABLE_TO_GET_ISSUER_CERT",
  "CERT_UNTRUSTED",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UnknownIssuer",
].join("|"));
const PLAIN = /WRONG_VERSION_NUMBER|InvalidContentType/;

export interface TlsProblem {
  /** The predicate of a sentence about the server: `does not use TLS`. */
  state: string;
  hint: string;
}

const UNTRUSTED_PROBLEM: TlsProblem = {
  state: "has a certificate that is not trusted",
  hint:
    "Trust its authority: name its PEM file in NODE_EXTRA_CA_CERTS or DENO_CERT (a missing file " +
    "is ignored), or use the authorities of the system with DENO_TLS_CA_STORE=mozilla,system.",
};
const PROBLEMS: readonly [RegExp, TlsProblem][] = [
  [UNTRUSTED, UNTRUSTED_PROBLEM],
  [/CaUsedAsEndEntity/, {
    state: "has the certificate of an authority (CA:TRUE) as its own",
    hint: "Sign a certificate for the server with it, with basicConstraints=CA:FALSE.",
  }],
  [PLAIN, { state: "does not use TLS", hint: "Write http:// instead of https://." }],
];

/** Returns why a TLS connection failed and no repeat can help; undefined for other errors. */
export function tlsProblem(error: unknown): TlsProblem | undefined {
  const { code, name, message, cause } = (error ?? {}) as Record<string, unknown>;
  const found = PROBLEMS.find(([words]) => words.test(`${code} ${name} ${message}`))?.[1];
  return found ?? (cause === undefined ? undefined : tlsProblem(cause));
}

/** True if a connection failed because the server's certificate is not trusted. */
export function isUntrusted(error: unknown): boolean {
  return tlsProblem(error) === UNTRUSTED_PROBLEM;
}
