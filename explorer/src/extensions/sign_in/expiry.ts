// The end of a token. The service verifies tokens; here it only decides when one is renewed. The command
// line and the Python package read it by the same rules: tests/fixtures/sign_in_vectors.json.

/** The end of the year 9999, seconds. */
const LATEST_S = 253_402_300_799;

/** Returns when a JSON Web Token expires, undefined for another text. */
export function expiryOf(token: string): number | undefined {
  const [, payload] = /^[\w-]+\.([\w-]+)\.[\w-]+$/.exec(token) ?? [];
  if (payload === undefined) return undefined;
  try {
    const binary = atob(payload.replaceAll("-", "+").replaceAll("_", "/"));
    const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
    const { iss, exp } = JSON.parse(UTF8.decode(bytes));
    if (typeof iss !== "string" || typeof exp !== "number") return undefined;
    return exp >= 0 && exp <= LATEST_S ? Math.floor(exp * 1000) : undefined;
  } catch {
    return undefined;
  }
}

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
