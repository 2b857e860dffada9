// The token of a CI job, from the provider of the job: GitHub Actions, and what works like it.
import { denied, isRegistryError, unavailable } from "../../core/kernel.ts";
import type { System } from "../../core/kernel.ts";
import type { SignIn } from "../../apps/server/access/sign_in.ts";
import type { TokenContext } from "../../apps/cli/program/extension.ts";
import { claimsOf, isOwnAudience, type TokenClaims } from "./jwt.ts";
import { isPrivateUrl } from "../../core/urls/private_url.ts";
import { signInOf } from "./service_offers.ts";
import { fetchSmall } from "./small_answer.ts";

/** A token with less time than this is replaced, milliseconds. */
const MARGIN_MS = 60_000;
const TIMEOUT_MS = 15_000;

/** The URL and token by which a job asks for its own token. */
interface Source {
  url: string;
  token: string;
}

/**
 * Returns a function for the token of this job, called before each request; undefined outside of
 * jobs, and for a service that does not accept it. Such tokens are valid for minutes, so the job
 * asks again.
 *
 * A service chooses the audience, which must be its URL: a foreign service could use tokens for
 * another one. `HOLDFAST_AUDIENCE` allows another audience to the service of `HOLDFAST_REGISTRY`.
 */
export async function jobToken(
  location: string,
  context: TokenContext,
): Promise<(() => Promise<string>) | undefined> {
  const { io: { system, signal }, logger } = context;
  const source = sourceOf(system);
  if (source === undefined) return undefined;
  const { audience, issuers } = await signInOf(location, context).catch((error): SignIn => {
    if (!isRegistryError(error)) throw error;
    logger.debug(error.message); // opening the registry fails for the same reason, or needs no token
    return { issuers: [] };
  });
  if (audience === undefined || issuers.length === 0) return undefined;
  if (!isPrivateUrl(location)) {
    logger.warn(
      `The token of this job is not sent: others on the network could read it. Use the https URL ` +
        `of ${location}, or set HOLDFAST_TOKEN.`,
    );
    return undefined;
  }
  if (!isOwnAudience(audience, location) && audience !== allowedAudience(location, system)) {
    logger.warn(
      `The token of this job is not sent: ${location} asks for tokens for ` +
        `${JSON.stringify(audience)}. If that is right, set HOLDFAST_AUDIENCE to it, and ` +
        "HOLDFAST_REGISTRY to the service.",
    );
    return undefined;
  }
  let job = await ask(source, audience, signal);
  if (!issuers.some(({ issuer }) => issuer === job.issuer)) {
    logger.warn(`The token of this job is not sent: ${location} does not accept ${job.issuer}`);
    return undefined;
  }
  return async () => {
    if (job.expiresAtMs - system.now() <= MARGIN_MS) job = await ask(source, audience, signal);
    return job.token;
  };
}

/** Returns the audience that the job allows to a service: no other one may ask for it. */
function allowedAudience(location: string, { env }: System): string | undefined {
  return env("HOLDFAST_REGISTRY")?.replace(/\/+$/, "") === location.replace(/\/+$/, "")
    ? env("HOLDFAST_AUDIENCE")
    : undefined;
}

function sourceOf({ env }: System): Source | undefined {
  const url = env("ACTIONS_ID_TOKEN_REQUEST_URL"), token = env("ACTIONS_ID_TOKEN_REQUEST_TOKEN");
  return url && token ? { url, token } : undefined;
}

async function ask(
  { url, token }: Source,
  audience: string,
  signal: AbortSignal,
): Promise<TokenClaims & { token: string }> {
  const action = "get the token of this job";
  if (!isPrivateUrl(url)) {
    throw denied(action, undefined, "ACTIONS_ID_TOKEN_REQUEST_URL is not an https URL", {
      hint: HINT,
    });
  }
  const target = new URL(url);
  target.searchParams.set("audience", audience);
  let answer: { value?: unknown };
  try {
    const response = await fetchSmall(target, {
      headers: { authorization: `Bearer ${token}`, accept: "application/json" },
      redirect: "manual",
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    });
    if (!response.ok) {
      await response.body?.cancel();
      throw denied(action, undefined, `${target.host} answers with status ${response.status}`, {
        hint: HINT,
      });
    }
    answer = await response.json();
  } catch (error) {
    if (isRegistryError(error) || signal.aborted) throw error;
    throw unavailable(action, undefined, `${target.host} does not answer`, {
      hint: "Try again later.",
    });
  }
  const { value } = answer;
  const claims = typeof value === "string" ? claimsOf(value) : undefined;
  if (claims?.audience.includes(audience)) return { ...claims, token: value as string };
  throw denied(action, undefined, `${target.host} gives no token for ${audience}`, { hint: HINT });
}

const HINT = "Check `permissions: { id-token: write }` of the job, or set HOLDFAST_TOKEN.";
