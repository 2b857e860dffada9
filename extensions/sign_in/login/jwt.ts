// The claims of a token. The service verifies them; here they only decide where a token may go.
// The page and the Python package read them by the same rules: tests/fixtures/sign_in_vectors.json.
import { Buffer } from "node:buffer";

export interface TokenClaims {
  issuer: string;
  audience: readonly string[];
  expiresAtMs: number;
}

/** The end of the year 9999, seconds: Python has no later times. */
const LATEST_S = 253_402_300_799;

/** Returns the claims of a JSON Web Token, undefined for another text. */
export function claimsOf(token: string): TokenClaims | undefined {
  const [, payload] = /^[\w-]+\.([\w-]+)\.[\w-]+$/.exec(token) ?? [];
  if (payload === undefined) return undefined;
  try {
    const text = UTF8.decode(Buffer.from(payload, "base64url"));
    const { iss, aud, exp } = JSON.parse(text) as Claims;
    const audience = [aud].flat().filter((each) => typeof each === "string");
    if (typeof iss !== "string" || typeof exp !== "number") return undefined;
    if (!(exp >= 0 && exp <= LATEST_S)) return undefined;
    return { issuer: iss, audience, expiresAtMs: Math.floor(exp * 1000) };
  } catch {
    return undefined;
  }
}

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

interface Claims {
  iss: unknown;
  aud: string | string[];
  exp: number;
}

/**
 * Returns true for an audience that can only be the service at `location`: its URL, or one above it
 * on the same host. Another service must not get tokens of this one by naming its audience.
 */
export function isOwnAudience(audience: string, location: string): boolean {
  const url = URL.parse(audience), service = new URL(location);
  if (url === null || url.origin !== service.origin || url.search !== "" || url.hash !== "") {
    return false;
  }
  const path = url.pathname.replace(/\/*$/, "/");
  return service.pathname.replace(/\/*$/, "/").startsWith(path);
}
