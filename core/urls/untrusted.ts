// Certificates of servers that no trusted authority signed.

/** The codes of OpenSSL in Node and Bun, and the words of rustls in Deno. */
const UNTRUSTED = new RegExp([
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "UNABLE_TO_GET_ISSUER_CERT",
  "CERT_UNTRUSTED",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UnknownIssuer",
  "CaUsedAsEndEntity",
].join("|"));

/** The hint for a certificate that is not trusted. */
export const TRUST_HINT =
  "Trust its authority: name its PEM file in NODE_EXTRA_CA_CERTS or DENO_CERT (a missing file " +
  "is ignored), or use the authorities of the system with DENO_TLS_CA_STORE=mozilla,system.";

/** True if a connection failed because the server's certificate is not trusted. */
export function isUntrusted(error: unknown): boolean {
  const { code, name, message, cause } = (error ?? {}) as Record<string, unknown>;
  return UNTRUSTED.test(`${code} ${name} ${message}`) || cause !== undefined && isUntrusted(cause);
}
