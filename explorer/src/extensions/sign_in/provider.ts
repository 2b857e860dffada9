// Requests to an identity provider: authorization code with PKCE (RFC 7636), and renewal.
import * as oauth from "npm:oauth4webapi@^3.8";
import { type Grant, type Issuer, ServiceError, type SignInAnswer } from "../../extending.ts";
import { isOfThisMachine, isPrivateUrl } from "../../../../core/urls/private_url.ts";
import { expiryOf } from "./expiry.ts";

/** How long a provider may take for an answer, milliseconds. */
const TIMEOUT_MS = 15_000;
const PUBLIC_CLIENT = oauth.None();

/** Opens the page of the provider, which redirects back to this page. */
export async function beginSignIn(issuer: Issuer): Promise<void> {
  if (!isSecureContext) {
    throw refused("the page is not served by https", "Open the https address of this service.");
  }
  const { authorization_endpoint: at } = await discover(issuer);
  const attempt = {
    issuer,
    state: oauth.generateRandomState(),
    verifier: oauth.generateRandomCodeVerifier(),
    nonce: oauth.generateRandomNonce(),
    view: location.hash,
  };
  if (at === undefined || !isSecure(issuer, at)) {
    throw refused("the identity provider has no page to sign in with an https URL", ASK);
  }
  const url = new URL(at);
  const parameters = {
    ...issuer.parameters,
    response_type: "code",
    client_id: issuer.clientId,
    redirect_uri: pageUrl(),
    scope: issuer.scope,
    state: attempt.state,
    nonce: attempt.nonce,
    code_challenge: await oauth.calculatePKCECodeChallenge(attempt.verifier),
    code_challenge_method: "S256",
  };
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  // OpenID Connect gives refresh tokens for offline_access only with this.
  const isOffline = issuer.scope.split(" ").includes("offline_access");
  if (isOffline && !url.searchParams.has("prompt")) url.searchParams.set("prompt", "consent");
  storeAttempt(attempt);
  location.assign(url);
}

/** A sign-in that has begun, which the tab keeps until the provider answers. */
interface Attempt {
  readonly issuer: Issuer;
  readonly state: string;
  /** The secret of PKCE. */
  readonly verifier: string;
  readonly nonce: string;
  /** The fragment of the view to return to. */
  readonly view: string;
}

const ATTEMPT = "holdfast-sign-in-attempt";

export function storeAttempt(attempt: Attempt): void {
  sessionStorage.setItem(ATTEMPT, JSON.stringify(attempt));
}

/** Returns the attempt of this tab, once. */
function takeAttempt(): Attempt | undefined {
  const text = sessionStorage.getItem(ATTEMPT);
  sessionStorage.removeItem(ATTEMPT);
  return text === null ? undefined : JSON.parse(text);
}

/** Gets the token for the provider's answer. Also returns the view from before the sign-in. */
export async function finishSignIn(answer: SignInAnswer): Promise<{ grant: Grant; view: string }> {
  const attempt = takeAttempt();
  const asked = new URLSearchParams(answer.map(([name, value]) => [name, value]));
  if (attempt === undefined || attempt.state !== asked.get("state")) {
    throw refused("the answer is not for a sign-in that this tab began", "Sign in again.");
  }
  const { issuer, state, verifier, nonce, view } = attempt;
  const provider = await discover(issuer);
  const tokens = await wording(issuer, async () => {
    const code = oauth.validateAuthResponse(provider, clientOf(issuer), asked, state);
    const response = await oauth.authorizationCodeGrantRequest(
      provider,
      clientOf(issuer),
      PUBLIC_CLIENT,
      code,
      pageUrl(),
      verifier,
      { ...optionsFor(issuer), additionalParameters: issuer.parameters },
    );
    const options = { expectedNonce: nonce, requireIdToken: true };
    return await oauth.processAuthorizationCodeResponse(
      provider,
      clientOf(issuer),
      response,
      options,
    );
  });
  const grant = grantOf(issuer, tokens);
  if (grant !== undefined) return { grant, view };
  const what = `the ${issuer.token} of the identity provider`;
  throw refused(`${what} is not a JSON Web Token, which the service could check`, ASK);
}

/**
 * Returns the grant with a new token; undefined if the reader has to sign in again. Throws for an
 * answer that says nothing about the sign-in.
 */
export async function renewGrant(grant: Grant): Promise<Grant | undefined> {
  const { issuer, refreshToken } = grant;
  if (refreshToken === undefined) return undefined;
  const provider = await discover(issuer);
  return await wording(issuer, async () => {
    const { status, headers, body } = await oauth.refreshTokenGrantRequest(
      provider,
      clientOf(issuer),
      PUBLIC_CLIENT,
      refreshToken,
      { ...optionsFor(issuer), additionalParameters: issuer.parameters },
    );
    const response = new Response(body, { status, headers: { "content-type": typeIn(headers) } });
    try {
      const tokens = await oauth.processRefreshTokenResponse(provider, clientOf(issuer), response);
      return grantOf(issuer, { refresh_token: refreshToken, ...tokens });
    } catch (error) {
      if (isOfProvider(error, response)) return undefined;
      throw error;
    }
  });
}

/**
 * Returns true for an answer about the sign-in: tokens, or an error of OAuth. Others come from a
 * proxy in between, or from a provider that fails.
 */
function isOfProvider(error: unknown, { status, headers }: Response): boolean {
  if (status === 200) return /^application\/json\b/.test(typeIn(headers));
  return error instanceof oauth.ResponseBodyError && status !== 408 && status !== 429;
}

function typeIn(headers: Headers): string {
  return headers.get("content-type") ?? "";
}

/** Asks the provider to revoke the refresh token, if it supports that. */
export async function revokeGrant({ issuer, refreshToken }: Grant): Promise<void> {
  if (refreshToken === undefined) return;
  const provider = await discover(issuer);
  const { revocation_endpoint: at } = provider;
  if (at === undefined || !isOf(issuer, at)) return;
  const options = optionsFor(issuer);
  await oauth.revocationRequest(provider, clientOf(issuer), PUBLIC_CLIENT, refreshToken, options);
}

function clientOf({ clientId }: Issuer): oauth.Client {
  return { client_id: clientId };
}

/** Options of a request: only a provider on this machine may be without TLS. */
function optionsFor({ issuer }: Issuer) {
  return {
    [oauth.allowInsecureRequests]: isOfThisMachine(issuer),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  };
}

function isSecure({ issuer }: Issuer, url: string): boolean {
  return isOfThisMachine(issuer) ? isPrivateUrl(url) : /^https:/i.test(url);
}

async function discover(issuer: Issuer): Promise<oauth.AuthorizationServer> {
  if (!isPrivateUrl(issuer.issuer)) {
    throw refused("the identity provider has no https URL", ASK);
  }
  const url = new URL(issuer.issuer);
  const provider = await wording(issuer, async () => {
    const options = { algorithm: "oidc" as const, ...optionsFor(issuer) };
    const response = await oauth.discoveryRequest(url, options);
    return await oauth.processDiscoveryResponse(url, response);
  });
  if (isOf(issuer, provider.token_endpoint)) return provider;
  // The policy of the page would refuse it without a reason.
  throw refused(
    "the identity provider has its token endpoint on another origin than its issuer",
    "Use the command line (holdfast login), or ask the operator of this service for a token.",
  );
}

function isOf({ issuer }: Issuer, url = ""): boolean {
  return URL.parse(url)?.origin === new URL(issuer).origin;
}

/** Runs requests. Their errors become those that the page shows. */
async function wording<T>({ issuer }: Issuer, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof oauth.AuthorizationResponseError) throw problemOf(error);
    if (error instanceof oauth.ResponseBodyError) throw problemOf(error);
    const { host } = new URL(issuer);
    const isLost = error instanceof TypeError && !("code" in error) ||
      error instanceof DOMException; // it takes too long
    if (!isLost) throw refused(`the answer of ${host} is not valid`, (error as Error).message);
    const hint =
      `Check the connection, and that the provider allows requests of ${location.origin} (CORS).`;
    throw refused(`${host} does not answer requests of this page`, hint);
  }
}

/** Returns the error of a provider as text. */
function problemOf(
  { error, error_description: why }: Pick<
    oauth.ResponseBodyError,
    "error" | "error_description"
  >,
): ServiceError {
  return refused(
    "the identity provider refuses it",
    (why === undefined ? error : `${error}: ${why}`).slice(0, 500),
  );
}

/** Returns a grant; undefined if no service could check the token. */
function grantOf(issuer: Issuer, tokens: oauth.TokenEndpointResponse): Grant | undefined {
  const token = tokens[issuer.token] ?? "";
  const expiresAtMs = expiryOf(token);
  if (expiresAtMs === undefined) return undefined;
  return { issuer, token, refreshToken: tokens.refresh_token, expiresAtMs };
}

/** The address of this page, without view and query: the registered redirect URI. */
function pageUrl(): string {
  return new URL("./", document.baseURI).href;
}

const ASK = "Ask the operator of this service.";

function refused(state: string, hint: string): ServiceError {
  return new ServiceError(0, `Cannot sign in: ${state}`, { hint });
}
