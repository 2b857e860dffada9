// Version 4 signatures in the query of a URL, which S3 and GCS share but for the names in them.
import { createHash } from "node:crypto";

export interface QuerySignature {
  method: string;
  /** `http:` or `https:`. */
  protocol: string;
  /** Includes a port that is not the default. */
  host: string;
  /** Encoded. */
  path: string;
  /** Not encoded. */
  query: Record<string, string>;
  /** Required headers but `host`; names in lower case. */
  headers: Record<string, string>;
  at: Date;
  expiresInSeconds: number;
  vendor: {
    /** `X-Amz`. */
    prefix: string;
    algorithm: string;
    accessId: string;
    /** Scope of the credential, without its date. */
    scope: string;
    sign(text: string, scope: string): string;
  };
}

/** Returns the URL with its signature. */
export function signQuery(
  { method, protocol, host, path, at, expiresInSeconds, vendor, ...asked }: QuerySignature,
): string {
  const { prefix, algorithm } = vendor;
  const headers: Record<string, string> = { ...asked.headers, host };
  const time = at.toISOString().replace(/[-:]|\.\d{3}/g, "");
  const scope = `${time.slice(0, 8)}/${vendor.scope}`;
  const names = Object.keys(headers).sort();
  const signed = {
    ...asked.query,
    [`${prefix}-Algorithm`]: algorithm,
    [`${prefix}-Credential`]: `${vendor.accessId}/${scope}`,
    [`${prefix}-Date`]: time,
    [`${prefix}-Expires`]: String(expiresInSeconds),
    [`${prefix}-SignedHeaders`]: names.join(";"),
  };
  const sorted = Object.entries(signed).map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .sort().join("&");
  const lines = names.map((name) => `${name}:${headers[name]?.trim()}`);
  const canonical = [
    ...[method, path, sorted],
    ...[...lines, "", names.join(";"), "UNSIGNED-PAYLOAD"],
  ].join("\n");
  const digest = createHash("sha256").update(canonical).digest("hex");
  const signature = vendor.sign([algorithm, time, scope, digest].join("\n"), scope);
  return `${protocol}//${host}${path}?${sorted}&${prefix}-Signature=${signature}`;
}

/** Smaller differences come from the way of a reply, and from the whole seconds of its header. */
const LEAST_MS = 5000;

/**
 * Returns by how many milliseconds the clock of a store is ahead of this one, from the header `date`
 * of a reply. The store's clock decides when a signature ends, and it forgives less than other
 * requests: S3 accepts those of a clock that differs by 15 minutes, GCS of any.
 */
export function aheadOf(nowMs: number, { date = "" }: { readonly date?: string }): number {
  const aheadMs = Date.parse(date) - nowMs;
  return Math.abs(aheadMs) >= LEAST_MS ? aheadMs : 0;
}

/** Encodes everything but letters, digits and `-._~` (RFC 3986). */
export function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
