// Secrets in texts: `base64://…`, and what looks like one that somebody wrote down as it is.
/** What a secret in base64 begins with. It is not encryption: it keeps a secret from being read by accident. */
export const SECRET_PREFIX = "base64://";

/** `base64://…` of a text. */
export function encodeSecret(text: string): string {
  const bytes = new TextEncoder().encode(text);
  return SECRET_PREFIX + btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}

/** The text of a `base64://…`; undefined where it is none. */
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

/** What a name ends with that holds a secret. */
const SECRET_NAME =
  /(^|[_-])(secret|password|passwd|passphrase|token|api_?key|access_?key|secret_?key|private_?key)$/i;

/** Texts that are secrets wherever they stand, and what they are. */
const SECRET_TEXTS: readonly [pattern: RegExp, what: string][] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----/, "a private key"],
  [/\b(AKIA|ASIA)[A-Z0-9]{16}\b/, "an access key of AWS"],
  [/\bgh[pousr]_[A-Za-z0-9]{30,}/, "a token of GitHub"],
  [/\bxox[abprs]-[A-Za-z0-9-]{10,}/, "a token of Slack"],
  [/^[a-z][a-z0-9+.-]*:\/\/[^/\s:@]*:[^/\s@]+@/i, "a URL with a password"],
];

/** What secret a text is, as far as one can tell; undefined where it is none, or is written as one should. */
export function plainSecret(name: string, text: string): string | undefined {
  if (text === "" || text.startsWith(SECRET_PREFIX)) return undefined;
  const found = SECRET_TEXTS.find(([pattern]) => pattern.test(text));
  return found?.[1] ?? (SECRET_NAME.test(name) ? "a secret, by its name" : undefined);
}
