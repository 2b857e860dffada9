/**
 * Sign-in without stored tokens: JSON Web Tokens (RFC 7519) of OpenID Connect providers, checked by
 * the keys of their issuer. RFC 8725 has the attacks.
 *
 * A token is accepted if its issuer is listed, an asymmetric key of that issuer signed it, it is
 * for this service (`aud`), and it is valid now. The first rule that matches its claims gives its
 * scopes.
 *
 * @module
 */
import { accessOf, type TokenCheck } from "../../apps/cli/program/extension.ts";
import { createHash } from "node:crypto";
import { decodeJwt, decodeProtectedHeader, errors, jwtVerify } from "npm:jose@^6.2";
import type { JWTPayload } from "npm:jose@^6.2";
import { realSystem } from "../../mod.ts";
import { authorName, invalid, isRegistryError, jobClaims, messageOf } from "../../core/kernel.ts";
import { printable } from "../../core/naming/printable.ts";
import { type Access, RefusedRequest } from "../../apps/gateways.ts";
import { IssuerKeys, type KeyParts } from "./oidc/issuer_keys.ts";
import { matchingRule } from "./oidc/match_claims.ts";
import { type ParsedIssuer, parseSettings } from "./oidc/settings.ts";
import type { OidcCheckOptions, OidcSettings } from "./oidc/settings.ts";

export type { OidcSignIn } from "./oidc/people.ts";
export type {
  OidcCheckOptions,
  OidcClaims,
  OidcClaimValue,
  OidcIssuer,
  OidcRule,
  OidcSettings,
} from "./oidc/settings.ts";

/** Symmetric ones and `none` are missing: a public key must never be a secret. */
const ALGORITHMS = [
  ...["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
  ...["ES256", "ES384", "ES512", "EdDSA", "Ed25519"],
];
const MAX_LENGTH = 16 * 1024;
const MAX_SUBJECT = 1000;
const TOLERANCE_S = 60;
/** The last second that a `Date` can be, in the year 275760, less the tolerance. */
const LAST_DATE_S = 8.64e12 - TOLERANCE_S;
const STORED = /^bearer +holdfast_/i;
const JWT = /^bearer +([A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*)$/i;

/**
 * Creates a check of the tokens that identity providers issue, such as those of CI jobs. It keeps
 * the keys of issuers: create it once, also in a Worker.
 *
 * @example
 * ```ts
 * import { openRegistry } from "@holdfast/holdfast";
 * import { createHandler } from "@holdfast/holdfast/server";
 * import { createOidcCheck } from "@holdfast/holdfast/sign_in";
 *
 * await using registry = await openRegistry("memory:");
 * const tokens = createOidcCheck({
 *   audience: "https://models.example.com",
 *   issuers: [{
 *     issuer: "https://token.actions.githubusercontent.com",
 *     rules: [{
 *       claims: { repository_id: "123456789", ref: "refs/heads/main" },
 *       scopes: ["read:*", "save:models:*"],
 *       name: "workflow_ref",
 *     }],
 *   }],
 * });
 * await using handler = createHandler(registry, { tokens });
 * ```
 *
 * @throws {RegistryError} `Invalid` for anything but settings
 */
export function createOidcCheck(
  settings: OidcSettings,
  options: OidcCheckOptions = {},
): TokenCheck {
  const { tokens, system = realSystem, logger } = options;
  const { audience, issuers } = parseSettings(settings);
  const parts = { system, logger, fetch: options.fetch ?? ((...args) => fetch(...args)) };
  const keys = new Map(
    Array.from(issuers.values(), (issuer) => [issuer.issuer, keysOf(issuer, parts)]),
  );
  return {
    async find(authorization) {
      if (tokens !== undefined && STORED.test(authorization ?? "")) {
        return await tokens.find(authorization);
      }
      const token = tokenOf(authorization);
      if (token === undefined) return undefined;
      const issuer = issuerOf(token, issuers);
      const claims = await verified(token, {
        issuer: issuer.issuer,
        audience,
        keys: keys.get(issuer.issuer)!,
        nowMs: system.now(),
      });
      return rightsOf(claims, issuer);
    },
    prove: async (proof) => await tokens?.prove?.(proof),
    problem: async () => await tokens?.problem?.(),
    signIn: {
      audience: audience[0],
      issuers: Array.from(issuers.values(), ({ offer }) => offer),
    },
    used: (token, from) => tokens?.used?.(token, from),
    lastUses: () => tokens?.lastUses?.() ?? {},
    settle: async () => await tokens?.settle?.(),
  };
}

function keysOf(issuer: ParsedIssuer, parts: KeyParts): IssuerKeys {
  try {
    return new IssuerKeys(issuer, parts);
  } catch (error) {
    throw invalid("use the sign-in settings", `jwks of ${issuer.issuer}`, messageOf(error), {
      hint: "Write the JSON Web Key Set that the issuer publishes.",
    });
  }
}

function tokenOf(authorization: string | null): string | undefined {
  if ((authorization?.length ?? 0) > MAX_LENGTH) {
    throw refused(`it is longer than ${MAX_LENGTH} characters`);
  }
  return JWT.exec(authorization ?? "")?.[1];
}

/** Returns the issuer that a token names, which is not verified yet. */
function issuerOf(token: string, issuers: ReadonlyMap<string, ParsedIssuer>): ParsedIssuer {
  let claimed: unknown;
  try {
    const { alg, typ = "JWT" } = decodeProtectedHeader(token);
    if (!ALGORITHMS.includes(alg ?? "")) {
      throw refused(
        "its algorithm does not use a public key",
        "Let the issuer sign with RS256 or ES256.",
      );
    }
    if (!/^(application\/)?(at\+)?jwt$/i.test(String(typ))) {
      throw refused("its type (typ) is neither JWT nor at+jwt");
    }
    claimed = decodeJwt(token).iss;
  } catch (error) {
    throw isRegistryError(error) ? error : refused("it is damaged");
  }
  const issuer = typeof claimed === "string" ? issuers.get(claimed) : undefined;
  if (issuer !== undefined) return issuer;
  throw refused(
    `its issuer ${shownText(claimed)} is not one of this service`,
    "Use a token of an issuer in the settings of the service.",
  );
}

interface Expected {
  issuer: string;
  audience: string[];
  keys: IssuerKeys;
  nowMs: number;
}

type Claims = JWTPayload & { iss: string; sub: string; exp: number };

async function verified(token: string, expected: Expected): Promise<Claims> {
  const { issuer, audience, keys, nowMs } = expected;
  try {
    const { payload } = await jwtVerify(token, (header, jws) => keys.keyOf(header, jws), {
      issuer,
      audience,
      algorithms: ALGORITHMS,
      clockTolerance: TOLERANCE_S,
      currentDate: new Date(nowMs),
      requiredClaims: ["iss", "aud", "exp", "iat", "sub"],
    });
    const { sub, iat, exp, cnf } = payload;
    if (typeof sub !== "string" || sub === "" || sub.length > MAX_SUBJECT) {
      throw refused("its subject (sub) is not a string of 1 to 1000 characters");
    }
    if (exp! > LAST_DATE_S) throw refused("its exp is not a date");
    if (!Number.isFinite(iat) || iat! > nowMs / 1000 + TOLERANCE_S) {
      throw refused("it was issued in the future (iat)", CLOCKS);
    }
    if (cnf !== undefined) throw refused("it is bound to a key (cnf), which is not checked here");
    const { email_verified: verified = true } = payload;
    if (!/^true$/i.test(String(verified))) delete payload.email; // anybody can claim it
    return payload as Claims;
  } catch (error) {
    if (isRegistryError(error)) throw error;
    throw reasonOf(error, audience);
  }
}

const CLOCKS = "Compare the clocks of the issuer and of the service.";

function reasonOf(error: unknown, audience: readonly string[]): RefusedRequest {
  if (error instanceof errors.JWTExpired) {
    return refused("it has expired (exp)", "Get a new one, or sign in again.");
  }
  if (error instanceof errors.JWTClaimValidationFailed) {
    const { claim, reason } = error;
    if (reason === "missing") return refused(`it has no ${claim}`);
    if (claim === "aud") {
      const hint = `Ask the issuer for a token with this audience: ${shownText(audience[0])}`;
      return refused("it is for another service (aud)", hint);
    }
    if (claim === "nbf") return refused("it is not yet valid (nbf)", CLOCKS);
    return refused(`its ${claim} is not valid`);
  }
  if (error instanceof errors.JWKSNoMatchingKey) {
    return refused(
      "its issuer has no key with its id (kid)",
      "Get a new one. After a change of keys, try again in a minute.",
    );
  }
  if (error instanceof errors.JWKSMultipleMatchingKeys) {
    return refused("it does not name the key that signed it (kid)");
  }
  if (error instanceof errors.JWSSignatureVerificationFailed) {
    return refused("no key of its issuer signed it");
  }
  return refused("it is damaged, or its key cannot be used");
}

function rightsOf(claims: Claims, { issuer, rules }: ParsedIssuer): Access {
  const { iss, sub, exp } = claims;
  const id = identityOf(iss, sub);
  const rule = matchingRule(rules, claims);
  if (rule === undefined) {
    throw new RefusedRequest({
      status: 403,
      code: "Denied",
      action: "accept the token",
      state: `no rule of this service matches its claims (subject ${shownText(sub)})`,
      hint: `Add a rule for it to the issuer ${issuer} in the settings of the service.`,
      sender: { author: { name: nameOf(claims), token: id, ...jobClaims(claims) }, issuer },
    });
  }
  return accessOf(id, rule.scopes, {
    expiresAtMs: (exp + TOLERANCE_S) * 1000,
    issuer,
    author: { name: nameOf(claims, rule.name) || id, token: id, ...jobClaims(claims) },
  });
}

/** Returns an id of an issuer's subject: short enough for every record, and no other's. */
function identityOf(issuer: string, subject: string): string {
  const digest = createHash("sha256").update(JSON.stringify([issuer, subject])).digest("base64url");
  return `oidc_${digest.slice(0, 22)}`;
}

function nameOf(claims: Claims, name = "sub"): string {
  const value = Object.hasOwn(claims, name) ? claims[name] : undefined;
  return authorName(typeof value === "string" && value !== "" ? value : claims.sub);
}

function shownText(value: unknown): string {
  return JSON.stringify(printable(String(value)).slice(0, 200));
}

/** Never contains the token. */
function refused(
  state: string,
  hint = "Get a new token from the issuer.",
): RefusedRequest {
  return new RefusedRequest({
    status: 401,
    code: "Denied",
    action: "accept the token",
    state,
    hint,
    headers: { "www-authenticate": 'Bearer realm="holdfast" error="invalid_token"' },
  });
}
