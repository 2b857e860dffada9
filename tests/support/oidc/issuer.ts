// An issuer of tokens without a network, and checks of its tokens.
import { assertRejects } from "@std/assert";
import { createOidcCheck } from "../../../extensions/sign_in/oidc.ts";
import type { OidcRule, OidcSettings } from "../../../extensions/sign_in/oidc.ts";
import { RegistryError } from "../../../mod.ts";
import { createKey, type IssuerKey, publicJwk, signed } from "./provider.ts";

export const ISSUER = "https://issuer.example";
export const AUDIENCE = "https://models.example";
export const START = Date.UTC(2026, 0, 1);

export const [key, second, rsa] = await Promise.all([
  createKey("first"),
  createKey("second"),
  createKey("rsa", "RS256"),
]);

/** An issuer without a network, and a clock that the test moves. */
export function createIssuer(keys: IssuerKey[], issuer = ISSUER) {
  const state = {
    keys,
    issuer,
    isDown: false,
    ms: 0,
    urls: [] as string[],
    keysUrl: `${issuer}/keys`,
  };
  const json = (value: unknown) => new Response(JSON.stringify(value));
  const answer = (input: RequestInfo | URL) => {
    const url = String(input);
    state.urls.push(url);
    if (state.isDown) throw new TypeError("connection refused");
    if (url === `${issuer}/.well-known/openid-configuration`) {
      return json({ issuer: state.issuer, jwks_uri: state.keysUrl });
    }
    if (url === state.keysUrl) return json({ keys: state.keys.map(publicJwk) });
    return new Response("", { status: 404 });
  };
  return Object.assign(state, {
    system: { now: () => START + state.ms, monotonic: () => state.ms },
    fetch: ((input) => Promise.resolve(input).then(answer)) as typeof fetch,
    token: (claims: Record<string, unknown> = {}, by = state.keys[0]!, header = {}) =>
      signed(by, { iss: issuer, aud: AUDIENCE, ...claims }, { nowMs: START + state.ms, header }),
  });
}

export type Issuer = ReturnType<typeof createIssuer>;

export const EVERYBODY: OidcRule = { claims: { sub: "*" }, scopes: ["read:*"] };

export function settingsOf(...rules: OidcRule[]): OidcSettings {
  return { audience: AUDIENCE, issuers: [{ issuer: ISSUER, rules }] };
}

export function checkOf(issuer: Issuer, ...rules: OidcRule[]) {
  const { system, fetch } = issuer;
  return createOidcCheck(settingsOf(...rules.length === 0 ? [EVERYBODY] : rules), {
    system,
    fetch,
  });
}

/** Returns the reason of a refusal; fails if the token is accepted. */
export async function refusal(find: Promise<unknown>): Promise<string> {
  const error = await assertRejects(() => find, RegistryError);
  return error.message.replace(/^Cannot accept the token: /, "");
}
