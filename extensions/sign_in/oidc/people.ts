// Sign-in of people in the settings of an issuer.
import type { SignInIssuer } from "../../../apps/cli/program/extension.ts";
import { MAX_TEXT, membersOf, refuse, textOf } from "./settings_checks.ts";

/** How people sign in with an issuer: authorization code with PKCE, or device code. */
export interface OidcSignIn {
  /**
   * The client that is registered at the issuer: a public one, without a secret. Its redirect URIs
   * are `http://127.0.0.1/` with any port for the command line, and `URL/explore/` for the explorer.
   */
  clientId: string;
  /** The scope to ask for. `offline_access` often gives tokens that are renewed. @default "openid" */
  scope?: string;
  /**
   * The token for the service: `id_token` if the issuer gives access tokens that are no JSON Web
   * Tokens. Its `aud` is the client, which `audience` must contain.
   *
   * @default "access_token"
   */
  token?: "access_token" | "id_token";
  /**
   * Further parameters, with which the issuer gives tokens for `audience`.
   *
   * @default `resource` (RFC 8707) with the first `audience`, if it is a URL; none for `id_token`
   */
  parameters?: Readonly<Record<string, string>>;
}

/** Parameters that belong to the protocol. */
const RESERVED =
  /^(client_.*|code.*|device_code|grant_type|nonce|redirect_uri|refresh_token|request.*|response_.*|scope|state)$/;

/** Returns what is offered to people. Throws `Invalid` for settings with which nobody could sign in. */
export function offerOf(
  value: unknown,
  at: string,
  { issuer, audience }: { issuer: string; audience: readonly string[] },
): SignInIssuer {
  const known = ["clientId", "scope", "token", "parameters"] as const;
  const { scope = "openid", token = "access_token", ...given } = membersOf(value, at, known);
  const clientId = textOf(given.clientId, `${at}.clientId`);
  if (token !== "access_token" && token !== "id_token") {
    throw refuse(`${at}.token`, "it is neither access_token nor id_token", undefined);
  }
  if (token === "id_token" && !audience.includes(clientId)) {
    const state = "an id_token is for the client, which `audience` does not contain";
    throw refuse(`${at}.token`, state, "Add the clientId to `audience`.");
  }
  return {
    issuer,
    clientId,
    scope: scopeOf(scope, `${at}.scope`),
    token,
    parameters: given.parameters === undefined
      ? token === "access_token" && URL.canParse(audience[0]!) ? { resource: audience[0]! } : {}
      : parametersOf(given.parameters, `${at}.parameters`),
  };
}

function scopeOf(value: unknown, at: string): string {
  const scope = textOf(value, at);
  if (scope.split(" ").includes("openid")) return scope;
  throw refuse(at, "it does not contain openid", 'Write "openid", and others after a space.');
}

function parametersOf(value: unknown, at: string): Record<string, string> {
  const parameters: Record<string, string> = {};
  for (const [name, text] of Object.entries(membersOf(value, at))) {
    if (RESERVED.test(name) || name.length > MAX_TEXT) {
      throw refuse(`${at}.${name.slice(0, 80)}`, "clients choose this parameter", "Remove it.");
    }
    parameters[name] = textOf(text, `${at}.${name}`);
  }
  return parameters;
}
