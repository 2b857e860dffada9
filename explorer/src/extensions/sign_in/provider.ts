// Requests to an identity provider: authorization code with PKCE (RFC 7636), and renewal.
import * as oauth from "npm:oauth4webapi@^3.8";
import { ServiceError } from "../../api/service.ts";
import {
  type Grant,
  type Issuer,
  type SignInAnswer,
  storeAttempt,
  takeAttempt,
} from "../../api/grant.ts";

/** Services accept issuers without TLS only on this machine. */
const INSECURE = { [oauth.allowInsecureRequests]: true };
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
  if (at === undefined || !/^https?:$/.test(new URL(at).protocol)) {
    throw refused("the identity provider has no page to sign in", ASK);
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
      { ...INSECURE, additionalParameters: issuer.parameters },
    );
    const options = { expectedNonce: nonce, requireIdToken: true };
    return await oauth.processAuthorizationCodeResponse(
      provider,
      clientOf(issuer),
      response,
      options,
    );
  });
  return { grant: grantOf(issuer, tokens), view };
}

/** Returns the grant with a new token; undefined if the reader has to sign in again. */
export async function renewGrant(grant: Grant): Promise<Grant | undefined> {
  const { issuer, refreshToken } = grant;
  if (refreshToken === undefined) return undefined;
  const provider = await discover(issuer);
  const tokens = await wording(issuer, async () => {
    const response = await oauth.refreshTokenGrantRequest(
      provider,
      clientOf(issuer),
      PUBLIC_CLIENT,
      refreshToken,
      { ...INSECURE, additionalParameters: issuer.parameters },
    );
    return await oauth.processRefreshTokenResponse(provider, clientOf(issuer), response);
  });
  if (tokens[issuer.token] === undefined) return undefined;
  return grantOf(issuer, { refresh_token: refreshToken, ...tokens });
}

/** Asks the provider to revoke the refresh token, if it supports that. */
export async function revokeGrant({ issuer, refreshToken }: Grant): Promise<void> {
  if (refreshToken === undefined) return;
  const provider = await discover(issuer);
  const { revocation_endpoint: at } = provider;
  if (at === undefined || !isOf(issuer, at)) return;
  await oauth.revocationRequest(provider, clientOf(issuer), PUBLIC_CLIENT, refreshToken, INSECURE);
}

function clientOf({ clientId }: Issuer): oauth.Client {
  return { client_id: clientId };
}

async function discover(issuer: Issuer): Promise<oauth.AuthorizationServer> {
  const url = new URL(issuer.issuer);
  const provider = await wording(issuer, async () => {
    const response = await oauth.discoveryRequest(url, { algorithm: "oidc", ...INSECURE });
    return await oauth.processDiscoveryResponse(url, response);
  });
  if (isOf(issuer, provider.token_endpoint)) return provider;
  // The policy of the page would refuse it without a reason.
  throw refused(
    "the identity provider has its token endpoint on another origin than its issuer",
    "Use the command line (holdfast login), or ask the operator of this service for a token.",
  );
}

function isOf({ issuer }: Issuer, url: string | undefined): boolean {
  return url !== undefined && new URL(url).origin === new URL(issuer).origin;
}

/** Runs requests. Their errors become those that the page shows. */
async function wording<T>({ issuer }: Issuer, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof oauth.AuthorizationResponseError) throw problemOf(error);
    if (error instanceof oauth.ResponseBodyError) throw problemOf(error);
    const { host } = new URL(issuer);
    const isLost = error instanceof TypeError && !("code" in error);
    if (!isLost) throw refused(`the answer of ${host} is not valid`, (error as Error).message);
    const hint =
      `Check the connection, and that the provider allows requests of ${location.origin} (CORS).`;
    throw refused(`${host} does not answer requests of this page`, hint);
  }
}

/** Returns the error of a provider as text. Status 401 is final: its refresh token has ended. */
function problemOf(
  { error, error_description: why }: Pick<
    oauth.ResponseBodyError,
    "error" | "error_description"
  >,
): ServiceError {
  const status = error === "invalid_grant" ? 401 : 0;
  const hint = (why === undefined ? error : `${error}: ${why}`).slice(0, 500);
  return new ServiceError(status, "Cannot sign in: the identity provider refuses it", { hint });
}

function grantOf(issuer: Issuer, tokens: oauth.TokenEndpointResponse): Grant {
  const token = tokens[issuer.token];
  if (token === undefined) throw refused(`the identity provider gives no ${issuer.token}`, ASK);
  const { refresh_token: refreshToken, expires_in: seconds } = tokens;
  const expiresAtMs = seconds === undefined ? undefined : Date.now() + seconds * 1000;
  return { issuer, token, refreshToken, expiresAtMs };
}

/** The address of this page, without view and query: the registered redirect URI. */
function pageUrl(): string {
  return new URL("./", document.baseURI).href;
}

const ASK = "Ask the operator of this service.";

function refused(state: string, hint: string): ServiceError {
  return new ServiceError(0, `Cannot sign in: ${state}`, { hint });
}
