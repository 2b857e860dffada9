// The claims of a token. The service verifies them; here they only decide where a token may go.
import { Buffer } from "node:buffer";

export interface TokenClaims {
  issuer: string;
  audience: readonly string[];
  expiresAtMs: number;
}

/** Returns the claims of a JSON Web Token, undefined for another text. */
export function claimsOf(token: string): TokenClaims | undefined {
  const [, payload] = /^[\w-]+\.([\w-]+)\.[\w-]+$/.exec(token) ?? [];
  if (payload === undefined) return undefined;
  try {
    const claims = JSON.parse(Buffer.from(payload, "base64url").toString()) as Claims;
    const { iss, aud, exp } = claims;
    const audience = [aud].flat().filter((each) => typeof each === "string");
    const expiresAt = new Date(exp * 1000);
    if (typeof iss !== "string" || typeof exp !== "number" || isNaN(Number(expiresAt))) {
      return undefined;
    }
    return { issuer: iss, audience, expiresAtMs: Number(expiresAt) };
  } catch {
    return undefined;
  }
}

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
