// The token of a CI job, which its provider issues for the service that the job uses.
import type { SignIn, TokenContext } from "../../../apps/cli/program/extension.ts";
import type { System } from "../../../mod.ts";
import { isPrivateUrl, isRegistryError } from "../../../core/kernel.ts";
import { askJobToken, jobTokenSource } from "../../../apps/cli/extending.ts";
import { claimsOf, isOwnAudience, type TokenClaims } from "./jwt.ts";
import { signInOf } from "./service_offers.ts";

/** A token with less time than this is replaced, milliseconds. */
const MARGIN_MS = 60_000;

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
  const source = jobTokenSource(system);
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

async function ask(
  source: Parameters<typeof askJobToken>[0],
  audience: string,
  signal: AbortSignal,
): Promise<TokenClaims & { token: string }> {
  const isRight = (token: string) => claimsOf(token)?.audience.includes(audience) ?? false;
  const token = await askJobToken(source, { audience, hint: HINT, signal, isRight });
  return { ...claimsOf(token)!, token };
}

const HINT = "Check `permissions: { id-token: write }` of the job, or set HOLDFAST_TOKEN.";
