// Failed TLS connections: certificates that are refused, and servers without TLS.

/** The codes of OpenSSL in Node and Bun, and the words of rustls in Deno. */
const UNTRUSTED = new RegExp([
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "UNABLE_TO_GET_ISSUER_CERT",
  "CERT_UNTRUSTED",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UnknownIssuer",
].join("|"));
const EXPIRED = /CERT_HAS_EXPIRED|certificate (has )?expired|peer certificate: Expired/i;
const NOT_YET = /CERT_NOT_YET_VALID|certificate (is )?not (yet valid|valid yet)|: NotValidYet/i;
const OTHER_HOST = /ALTNAME_INVALID|HOSTNAME_MISMATCH|not valid for name|NotValidForName/i;
const PLAIN = /WRONG_VERSION_NUMBER|InvalidContentType/;
const REVOKED = /CERT_REVOKED|certificate: Revoked/i;
const REFUSED = /invalid peer certificate|\bCERT_[A-Z_]+\b|ERR_TLS_CERT/;

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
const RENEW =
  "Renew the certificate of the server, or set the clock of this machine if it is wrong.";
const RENAME = "Use a host name that the certificate contains, or renew it with this one.";

const PROBLEMS: readonly [RegExp, (text: string) => TlsProblem][] = [
  [
    EXPIRED,
    (text) => ({ state: `has a certificate that expired${on(text, "after")}`, hint: RENEW }),
  ],
  [NOT_YET, (text) => {
    const begins = on(text, "before");
    return {
      state: `has a certificate that is not valid yet${begins && `: it begins${begins}`}`,
      hint: RENEW,
    };
  }],
  [OTHER_HOST, (text) => {
    const names = namesIn(text);
    return {
      state: `has a certificate for another host name${names && ` (${names})`}`,
      hint: RENAME,
    };
  }],
  [UNTRUSTED, () => UNTRUSTED_PROBLEM],
  [/CaUsedAsEndEntity/, () => ({
    state: "has the certificate of an authority (CA:TRUE) as its own",
    hint: "Sign a certificate for the server with it, with basicConstraints=CA:FALSE.",
  })],
  [PLAIN, () => ({ state: "does not use TLS", hint: "Write http:// instead of https://." })],
  [REVOKED, () => ({ state: "has a certificate that was revoked", hint: RENEW })],
  [REFUSED, () => ({
    state: "has an invalid certificate",
    hint: "Renew the certificate of the server; the cause of this error has the details.",
  })],
];

/** Returns why a TLS connection failed and no repeat can help; undefined for other errors. */
export function tlsProblem(error: unknown): TlsProblem | undefined {
  const { code, name, message, cause } = (error ?? {}) as Record<string, unknown>;
  const text = `${code} ${name} ${message}`;
  const problem = PROBLEMS.find(([words]) => words.test(text))?.[1](text);
  return problem ?? (cause === undefined ? undefined : tlsProblem(cause));
}

/** True if a connection failed because the server's certificate is not trusted. */
export function isUntrusted(error: unknown): boolean {
  return tlsProblem(error) === UNTRUSTED_PROBLEM;
}

/** Returns what a certificate says about its time, undefined for one that is valid now. */
export function timeProblem(
  { validFrom, validTo }: { validFrom: string; validTo: string },
  now: number,
): TlsProblem | undefined {
  const [begin, end] = [Date.parse(validFrom), Date.parse(validTo)];
  if (end < now) return { state: `has a certificate that expired on ${dayOf(end)}`, hint: RENEW };
  if (begin > now) {
    const state = `has a certificate that is not valid yet: it begins on ${dayOf(begin)}`;
    return { state, hint: RENEW };
  }
}

/** Certificates are renewed by then: those of Let's Encrypt after 60 of 90 days. */
const SOON_MS = 14 * 24 * 3_600_000;

/** Returns a problem for a certificate that expires within 14 days. */
export function soonProblem({ validTo }: { validTo: string }, now: number): TlsProblem | undefined {
  const end = Date.parse(validTo);
  if (end < now || end - now >= SOON_MS) return undefined;
  return { state: `expires on ${dayOf(end)}`, hint: "Renew it before: then clients refuse it." };
}

/** Returns the day in a message of rustls, ` on 2025-02-01`, or an empty string. */
function on(text: string, word: "after" | "before"): string {
  const [, seconds] = new RegExp(`not valid ${word} (\\d{1,11}) \\(`).exec(text) ?? [];
  return seconds === undefined ? "" : ` on ${dayOf(1000 * Number(seconds))}`;
}

function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

/** Returns the host names of a certificate in a message of rustls or OpenSSL. */
function namesIn(text: string): string {
  const [, ofRustls = "", ofNode = ""] =
    /only valid for (.{1,300})|altnames: ((?:DNS|IP).{1,300})/.exec(text) ?? [];
  const names = ofRustls.matchAll(/"([^"]{1,100})"/g);
  return (ofNode || Array.from(names, ([, name]) => name).join(", ")).slice(0, 200);
}
