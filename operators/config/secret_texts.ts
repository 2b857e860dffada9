// Secrets in configurations: `base64://…`, and secrets in plain text.
/** Prefix of encoded secrets. It only keeps a secret from being read by accident. */
export const SECRET_PREFIX = "base64://";

/** Encodes a string as `base64://…`. */
export function encodeSecret(text: string): string {
  const bytes = new TextEncoder().encode(text);
  return SECRET_PREFIX + btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}

/** Decodes `base64://…`; undefined if it is not valid. */
export function decodeSecret(text: string): string | undefined {
  const encoded = text.startsWith(SECRET_PREFIX) ? text.slice(SECRET_PREFIX.length) : "";
  if (encoded === "" || !/^[A-Za-z0-9+/]+={0,2}$/.test(encoded)) return undefined;
  try {
    const bytes = Uint8Array.from(atob(encoded), (char) => char.charCodeAt(0));
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** Endings of variable names that hold a secret. */
const SECRET_NAME =
  /(^|[_-])(secret|password|passwd|passphrase|token|(api|access|secret|private)_?key)$/i;

/** Patterns of secrets, and what they are. */
const SECRET_TEXTS: readonly [pattern: RegExp, what: string][] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----/, "a private key"],
  [/\b(AKIA|ASIA)[A-Z0-9]{16}\b/, "an AWS access key"],
  [/\bgh[pousr]_[A-Za-z0-9]{30,}/, "a GitHub token"],
  [/\bxox[abprs]-[A-Za-z0-9-]{10,}/, "a Slack token"],
  [/^[a-z][a-z0-9+.-]*:\/\/[^/\s:@]*:[^/\s@]+@/i, "a URL with a password"],
];

/** Returns what kind of secret in plain text a string seems to be; undefined for none. */
export function plainSecret(name: string, text: string): string | undefined {
  if (text === "" || text.startsWith(SECRET_PREFIX)) return undefined;
  const found = SECRET_TEXTS.find(([pattern]) => pattern.test(text));
  return found?.[1] ?? (SECRET_NAME.test(name) ? "a secret (by its name)" : undefined);
}
