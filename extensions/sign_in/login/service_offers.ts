// Offers of a service to sign in with, and its answer about a token.
import type { SignIn, SignInIssuer, TokenContext } from "../../../apps/cli/program/extension.ts";
import { Connection } from "../../../apps/client/connection.ts";
import { isJsonObject, isPrivateUrl, shellWord, unsupported } from "../../../core/kernel.ts";
import type { Author } from "../../../registry/mod.ts";
import { fetchSmall, invalid, isSignIn, issuersOfPeople } from "../../../apps/cli/extending.ts";
import { isOwnAudience } from "./jwt.ts";

type Token = string | (() => string | Promise<string>);

/** The answer of `GET /access`. */
export interface ServiceAccess {
  known: boolean;
  kind?: "open" | "token" | "oidc";
  scopes: string[];
  by?: Author;
  issuer?: string;
  expiresAt?: string;
}

const FIRST_ANSWER_MS = 5000;

function connectionTo(
  location: string,
  { io: { system }, shared, logger }: TokenContext,
  token?: Token,
): Connection {
  return new Connection({
    location,
    token,
    send: fetchSmall,
    retryForMs: shared.wait ?? FIRST_ANSWER_MS,
    timeoutMs: FIRST_ANSWER_MS,
    system,
    logger,
  });
}

/** Returns the sign-in offers of a service. Sends no token. */
export async function signInOf(
  location: string,
  context: TokenContext,
): Promise<SignIn> {
  const call = { action: "read the sign-in of the service", path: "sign-in" };
  const { signal } = context.io;
  const response = await connectionTo(location, context).request({ ...call, also: [404], signal });
  const body = response.ok ? await response.json().catch(() => undefined) : undefined;
  await response.body?.cancel().catch(() => {});
  if (isSignIn(body)) return body;
  const state = "the service has no sign-in, or is another program";
  throw unsupported("sign in to", location, state, {
    hint: "Check the URL, or use a token of the service: HOLDFAST_TOKEN or --token-file.",
  });
}

/** Returns the author and rights of a token. Throws the service's reason if it refuses the token. */
export async function accessOf(
  location: string,
  context: TokenContext,
  token: Token | undefined,
): Promise<ServiceAccess> {
  const connection = connectionTo(location, context, token);
  const call = { action: "read your rights", signal: context.io.signal };
  const access = await connection.json<unknown>({ ...call, path: "access" });
  if (!isAccess(access)) throw connection.unexpected(call, "its answer is not that of GET /access");
  if (!access.known) await connection.json({ ...call, path: "names", query: { limit: 1 } });
  return access;
}

function isAccess(value: unknown): value is ServiceAccess {
  if (!isJsonObject(value) || !isJsonObject(value.by ?? {})) return false;
  const { known, kind = "open", scopes, by, issuer = "", expiresAt = "1970-01-01" } = value;
  const { name = "", token = "" } = (by ?? {}) as Record<string, unknown>;
  return typeof known === "boolean" && Array.isArray(scopes) &&
    [kind, name, token, issuer, expiresAt, ...scopes].every((text) => typeof text === "string") &&
    !Number.isNaN(Date.parse(expiresAt as string));
}

/** An issuer with which a person can sign in, and the `aud` that its tokens must have. */
export type PeopleOffer = Required<SignInIssuer> & {
  audience: string;
  /** The person named this issuer, and not only the service. */
  isNamed?: boolean;
};

/** Returns the issuer to sign in with. Throws if there is none, or no single one. */
export function chosenOffer(
  location: string,
  signIn: SignIn,
  { issuer, audience }: { issuer?: string; audience?: string },
): PeopleOffer {
  const offers = issuersOfPeople(signIn);
  const action = `sign in to ${location}`;
  if (offers.length === 0) {
    const hint = "Ask its operator for a token: HOLDFAST_TOKEN or --token-file.";
    throw invalid(action, "the service offers no sign-in for people", hint);
  }
  const names = offers.map((offer) => offer.issuer);
  const chosen = issuer === undefined
    ? offers.length === 1 ? offers[0] : undefined
    : offers.find((offer) => offer.issuer === issuer);
  if (chosen === undefined) {
    const state = issuer === undefined ? "it has several issuers" : "it does not offer this issuer";
    const flags = names.map((name) => `--issuer ${shellWord(name)}`);
    throw invalid(action, state, `Pass one of: ${flags.join(", ")}`);
  }
  if (!isPrivateUrl(chosen.issuer)) {
    const state = `its issuer ${JSON.stringify(chosen.issuer)} is not an https URL`;
    throw invalid(action, state, "Check the URL of the service, and ask its operator.");
  }
  const expected = chosen.token === "id_token" ? chosen.clientId : signIn.audience ?? "";
  checkAudience(location, expected, audience);
  return { ...chosen, audience: expected, isNamed: issuer !== undefined };
}

/**
 * Throws unless tokens for an audience may go to a service: a foreign service could name the
 * audience of another one, and use its tokens there.
 */
function checkAudience(location: string, audience: string, allowed?: string): void {
  if (audience === allowed || isOwnAudience(audience, location)) return;
  const state = `it asks for tokens for another service, ${JSON.stringify(audience)}`;
  throw invalid(
    `sign in to ${location}`,
    state,
    `If you trust the service with them, add --audience ${shellWord(audience)}`,
  );
}
