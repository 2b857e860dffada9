// Sign-in with an identity provider: authorization code with PKCE (RFC 7636), device code (RFC 8628),
// renewal and revocation.
import * as oauth from "npm:oauth4webapi@^3.8";
import type { System } from "../../../mod.ts";
import {
  denied,
  isOfThisMachine,
  isPrivateUrl,
  isRegistryError,
  shellWord,
  unavailable,
} from "../../../core/kernel.ts";
import type { RegistryError } from "../../../core/kernel.ts";
import { claimsOf } from "./jwt.ts";
import type { Login } from "./login_file.ts";
import { fetchSmall, printable } from "../../../apps/cli/extending.ts";
import type { PeopleOffer } from "./service_offers.ts";

/** How long an issuer may take for an answer, milliseconds. */
const TIMEOUT_MS = 15_000;

/** Seconds that the interval of questions grows by if the issuer asks for it (RFC 8628). */
const SLOW_DOWN_S = 5;

/** Algorithms of id tokens after a renewal, which reads no discovery document. */
const ALGORITHMS = [
  "RS256",
  "PS256",
  "ES256",
  "EdDSA",
  "Ed25519",
  "RS384",
  "RS512",
  "ES384",
  "ES512",
];

type Server = oauth.AuthorizationServer;

/** A device code, which a person enters at another device. */
export interface DeviceCode {
  userCode: string;
  url: string;
  /** With the code in it. */
  completeUrl?: string;
}

export interface SigningIn {
  offer: PeopleOffer;
  system: System;
  signal: AbortSignal;
}

/** Reads the discovery document of an issuer. Throws if a URL in it is not private. */
export async function discover({ offer: { issuer }, signal }: SigningIn): Promise<Server> {
  const url = new URL(issuer);
  const server = await asked(issuer, async () => {
    const options = { ...optionsFor(issuer, signal), algorithm: "oidc" as const };
    return await oauth.processDiscoveryResponse(url, await oauth.discoveryRequest(url, options));
  });
  for (const name of ENDPOINTS) {
    if (name in server || name === "token_endpoint") endpointOf(server, name);
  }
  return server;
}

/**
 * Starts a sign-in in the browser: returns its URL, and a function for the redirect that ends it.
 *
 * A service chooses the issuer. That of a malicious service could redirect the browser to another
 * issuer, and receive the code of that one (the mix-up of RFC 9700). So the person must know the
 * issuer, or its answer must name it (RFC 9207).
 *
 * @param isKnown the person has named the issuer, or used it before
 */
export async function startInBrowser(
  server: Server,
  { redirectUri, isKnown, ...signing }: SigningIn & { redirectUri: string; isKnown: boolean },
): Promise<{ url: string; state: string; finish(redirected: URL): Promise<Login> }> {
  const { offer: { issuer, clientId, scope, parameters } } = signing;
  if (!isKnown && server.authorization_response_iss_parameter_supported !== true) {
    const state = "only the service names it, and its answers do not name their provider";
    throw failed(issuer, state, `If it is your provider, add --issuer ${shellWord(issuer)}`);
  }
  const verifier = oauth.generateRandomCodeVerifier();
  const state = oauth.generateRandomState();
  const nonce = oauth.generateRandomNonce();
  const url = new URL(endpointOf(server, "authorization_endpoint"));
  const query = {
    ...parameters,
    response_type: "code",
    client_id: clientId,
    redirect_uri: redirectUri,
    scope,
    state,
    nonce,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
  };
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  // OpenID Connect gives refresh tokens for offline_access only with this.
  if (scope.split(" ").includes("offline_access") && !url.searchParams.has("prompt")) {
    url.searchParams.set("prompt", "consent");
  }
  const client = { client_id: clientId };
  return {
    url: url.href,
    state,
    finish: async (redirected) => {
      const tokens = await asked(issuer, async () => {
        const code = oauth.validateAuthResponse(server, client, redirected, state);
        const response = await oauth.authorizationCodeGrantRequest(
          server,
          client,
          oauth.None(),
          code,
          redirectUri,
          verifier,
          { ...optionsFor(issuer, signing.signal), additionalParameters: parameters },
        );
        return await oauth.processAuthorizationCodeResponse(server, client, response, {
          expectedNonce: nonce,
          requireIdToken: true,
        });
      });
      return loginOf(server, tokens, signing);
    },
  };
}

/** Signs in by a code that a person enters at another device. */
export async function signInByDevice(
  server: Server,
  signing: SigningIn,
  show: (code: DeviceCode) => Promise<void>,
): Promise<Login> {
  const { offer: { issuer, clientId, scope, parameters }, system, signal } = signing;
  endpointOf(server, "device_authorization_endpoint");
  const client = { client_id: clientId };
  const options = () => optionsFor(issuer, signal);
  const authorization = await asked(issuer, async () => {
    const query = { ...parameters, scope };
    const response = await oauth.deviceAuthorizationRequest(
      server,
      client,
      oauth.None(),
      query,
      options(),
    );
    return await oauth.processDeviceAuthorizationResponse(server, client, response);
  });
  const { verification_uri: url, verification_uri_complete: completeUrl } = authorization;
  if (![url, completeUrl ?? url].every(isPrivateUrl)) {
    throw failed(issuer, "its page for the code is not an https URL", ASK);
  }
  await show({ userCode: authorization.user_code, url, completeUrl });
  let intervalS = authorization.interval ?? SLOW_DOWN_S;
  const endsAtMs = system.monotonic() + authorization.expires_in * 1000;
  for (;;) {
    await system.sleep(intervalS * 1000, signal);
    try {
      const response = await oauth.deviceCodeGrantRequest(
        server,
        client,
        oauth.None(),
        authorization.device_code,
        { ...options(), additionalParameters: parameters },
      );
      const tokens = await oauth.processDeviceCodeResponse(server, client, response);
      return loginOf(server, tokens, signing);
    } catch (error) {
      const code = error instanceof oauth.ResponseBodyError ? error.error : undefined;
      if (code === "authorization_pending") continue;
      const problem = problemOf(issuer, error, signal);
      const isPassing = code === "slow_down" || isRegistryError(problem, "Unavailable");
      if (!isPassing || system.monotonic() > endsAtMs) throw problem;
      intervalS += SLOW_DOWN_S;
    }
  }
}

/**
 * Returns the sign-in with new tokens. Throws `Denied` if the issuer has ended it, and `Unavailable`
 * for an answer that says nothing about it.
 */
export async function renew(
  login: Login,
  { signal }: Pick<SigningIn, "signal">,
): Promise<Login> {
  const { issuer, clientId, parameters, audience, kind, refreshToken = "" } = login;
  const server = {
    issuer,
    token_endpoint: login.tokenEndpoint,
    revocation_endpoint: login.revocationEndpoint,
    id_token_signing_alg_values_supported: ALGORITHMS,
  };
  const client = { client_id: clientId };
  const tokens = await asked(issuer, async () => {
    const response = await oauth.refreshTokenGrantRequest(
      server,
      client,
      oauth.None(),
      refreshToken,
      { ...optionsFor(issuer, signal), additionalParameters: parameters },
    );
    response.headers.delete("www-authenticate"); // the body has the error
    try {
      return await oauth.processRefreshTokenResponse(server, client, response);
    } catch (error) {
      if (isOfIssuer(error, response)) throw error;
      throw unanswered(issuer, `it answers with status ${response.status}`, error);
    }
  }, signal);
  const offer = { issuer, clientId, parameters, audience, token: kind, scope: "" };
  const renewed = loginOf(server, tokens, { offer });
  return { ...renewed, refreshToken: renewed.refreshToken ?? refreshToken };
}

/**
 * Returns true for an answer about the sign-in: tokens, or an error of OAuth. Others come from a
 * proxy in between, or from an issuer that fails.
 */
function isOfIssuer(error: unknown, { status, headers }: Response): boolean {
  if (status === 200) return /^application\/json\b/.test(headers.get("content-type") ?? "");
  return error instanceof oauth.ResponseBodyError && status !== 408 && status !== 429;
}

/** Asks the issuer to revoke a sign-in. Returns false if it cannot. */
export async function revoke(login: Login, signal: AbortSignal): Promise<boolean> {
  const { issuer, clientId, refreshToken, revocationEndpoint } = login;
  if (refreshToken === undefined || revocationEndpoint === undefined) return false;
  const server = { issuer, revocation_endpoint: revocationEndpoint };
  const client = { client_id: clientId };
  await asked(issuer, async () => {
    const options = optionsFor(issuer, signal);
    await oauth.processRevocationResponse(
      await oauth.revocationRequest(server, client, oauth.None(), refreshToken, options),
    );
  }, signal);
  return true;
}

function loginOf(
  server: Server,
  tokens: oauth.TokenEndpointResponse,
  { offer }: Pick<SigningIn, "offer">,
): Login {
  const { issuer, clientId, parameters, audience, token: kind } = offer;
  const token = tokens[kind];
  const claims = token === undefined ? undefined : claimsOf(token);
  if (token === undefined || claims === undefined) {
    const state = `its ${kind} is not a JSON Web Token, which a service could check`;
    throw failed(issuer, state, kind === "access_token" ? OPAQUE : ASK);
  }
  if (!claims.audience.includes(audience)) {
    const state = `its ${kind} is for another service, not for ${JSON.stringify(audience)}`;
    throw failed(issuer, state, AUDIENCE);
  }
  return {
    issuer,
    clientId,
    kind,
    audience,
    parameters,
    tokenEndpoint: endpointOf(server, "token_endpoint"),
    revocationEndpoint: server.revocation_endpoint,
    token,
    expiresAt: new Date(claims.expiresAtMs).toISOString(),
    refreshToken: tokens.refresh_token,
  };
}

const ASK = "Ask the operator of the service: see docs/sign_in.md.";
const OPAQUE =
  'Ask the operator of the service to set "token": "id_token" in its sign-in settings.';
const AUDIENCE =
  "Ask the operator of the service to add this audience to its client at the issuer.";

/** Options of a request. Each may take a while, and none follows a redirect. */
function optionsFor(issuer: string, signal: AbortSignal) {
  return {
    signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    [oauth.allowInsecureRequests]: isOfThisMachine(issuer),
    [oauth.customFetch]: fetchSmall,
  };
}

const ENDPOINTS = [
  "authorization_endpoint",
  "token_endpoint",
  "device_authorization_endpoint",
  "revocation_endpoint",
] as const;

type Endpoint = typeof ENDPOINTS[number];

function endpointOf(server: Server, name: Endpoint): string {
  const url = server[name] ?? "";
  const isSecure = isOfThisMachine(server.issuer) ? isPrivateUrl(url) : /^https:/i.test(url);
  if (isSecure) return new URL(url).href;
  const hint = name.startsWith("device")
    ? "Sign in with the browser of this machine: add --browser."
    : ASK;
  throw failed(server.issuer, `its discovery document has no https URL as ${name}`, hint);
}

async function asked<T>(issuer: string, ask: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    throw problemOf(issuer, error, signal);
  }
}

const ENDED = ["invalid_grant", "expired_token"];

/** Returns the error of a failed request. Never contains a token or a code. */
function problemOf(issuer: string, error: unknown, signal?: AbortSignal): unknown {
  if (isRegistryError(error) || signal?.aborted) return error;
  const status = statusOf(error);
  if (status >= 500 || status === 429) {
    return unanswered(issuer, `it answers with status ${status}`);
  }
  const isRefusal = error instanceof oauth.ResponseBodyError ||
    error instanceof oauth.AuthorizationResponseError;
  if (isRefusal) {
    const { error: code, error_description: text } = error;
    if (code === "access_denied") {
      return failed(issuer, "the sign-in was denied", "Try again, and allow it in the browser.");
    }
    if (ENDED.includes(code)) {
      return failed(issuer, "the code or the sign-in has expired", "Sign in again: holdfast login");
    }
    const reason = printable(`${code}${text === undefined ? "" : `: ${text}`}`).slice(0, 300);
    return failed(issuer, `it refuses (${reason})`, ASK);
  }
  const isNetwork = error instanceof TypeError && !("code" in error) ||
    error instanceof DOMException;
  if (isNetwork) return unanswered(issuer, "it does not answer", error);
  const reason = error instanceof Error ? printable(error.message).slice(0, 300) : "";
  return failed(issuer, `its answer cannot be used (${reason})`, ASK);
}

/** Returns the status of an answer that is a failure, else 0. */
function statusOf(error: unknown): number {
  if (error instanceof oauth.ResponseBodyError) return error.status;
  const { cause } = error as { cause?: unknown };
  return cause instanceof Response ? cause.status : 0;
}

function unanswered(issuer: string, state: string, cause?: unknown): RegistryError {
  const hint = "Check the network, and try again later.";
  return unavailable(`sign in with ${issuer}`, undefined, state, { hint, cause });
}

function failed(issuer: string, state: string, hint: string): RegistryError {
  return denied(`sign in with ${issuer}`, undefined, state, { hint });
}
