// The settings of sign-in: issuers, the audience, and rules from claims to scopes.
import {
  accessOf,
  type SignInIssuer,
  type TokenCheck,
} from "../../../apps/cli/program/extension.ts";
import type { Logger, System } from "../../../mod.ts";
import { isPrivateUrl, messageOf } from "../../../core/kernel.ts";
import { offerOf, type OidcSignIn } from "./people.ts";
import { listOf, MAX_TEXT, membersOf, refuse, textOf, textsOf } from "./settings_checks.ts";

/** The settings of {@linkcode createOidcCheck}, the content of the file of `serve --oidc`. */
export interface OidcSettings {
  /** The `aud` of tokens for this service: its URL, or several names of it. */
  audience: string | readonly string[];
  issuers: readonly OidcIssuer[];
}

/** An identity provider whose tokens a service accepts. */
export interface OidcIssuer {
  /** The `iss` of its tokens, an https URL. Its discovery document names its keys. */
  issuer: string;
  /** The first rule whose claims match decides. A token that no rule matches has no rights. */
  rules: readonly OidcRule[];
  /**
   * Its keys, a JSON Web Key Set (RFC 7517), for an issuer that this service cannot reach.
   *
   * @default fetched from the issuer, and again when they change
   */
  jwks?: { readonly keys: readonly object[] };
  /** How people sign in with this issuer. @default only programs with a token do */
  signIn?: OidcSignIn;
}

/** The scopes of tokens with certain claims. */
export interface OidcRule {
  /** All of them must match. At least one. */
  claims: OidcClaims;
  /** Scopes as in `holdfast token create`: `read:*`, `save:models:*`, `admin`. */
  scopes: readonly string[];
  /**
   * The claim with the name that changes show, such as `email`.
   *
   * @default "sub"
   */
  name?: string;
}

/**
 * Claims and the values that they must have. A string must match the whole value; each `*` in it
 * matches any characters. Of several strings one must match, and of a claim with a list, such as
 * groups, one element. Claims within claims are written as objects, as they are in the token.
 */
export interface OidcClaims {
  [claim: string]: OidcClaimValue | OidcClaims;
}

/** A value that a claim must have, or several of which it must have one. */
export type OidcClaimValue = string | number | boolean | readonly (string | number | boolean)[];

/** Options of {@linkcode createOidcCheck}. */
export interface OidcCheckOptions {
  /** Stored tokens, which begin with `holdfast_`, are accepted too. @default none */
  tokens?: TokenCheck;
  /** @default the real clocks */
  system?: Pick<System, "now" | "monotonic">;
  /** Fetches discovery documents and keys. @default the global `fetch` */
  fetch?: typeof fetch;
  /** Receives a warning when the keys of an issuer cannot be fetched. */
  logger?: Partial<Pick<Logger, "warn">>;
}

export interface ParsedIssuer extends OidcIssuer {
  readonly rules: readonly OidcRule[];
  readonly offer: SignInIssuer;
}

interface ParsedSettings {
  readonly audience: string[];
  readonly issuers: ReadonlyMap<string, ParsedIssuer>;
}

const MAX_DEPTH = 8;

/**
 * Issuers that sign tokens for everybody, and the claims that tell their customers apart: a rule
 * without one of them would give rights to strangers.
 */
const PUBLIC_ISSUERS: Readonly<Record<string, readonly string[]>> = {
  "https://token.actions.githubusercontent.com": [
    ...["repository_id", "repository_owner_id", "repository", "repository_owner", "enterprise_id"],
    ...["enterprise", "sub"], // not `job_workflow_ref`: strangers can call a public workflow
  ],
  "https://gitlab.com": [
    ...["project_id", "namespace_id", "project_path", "namespace_path", "sub", "user_id"],
    ...["user_email", "user_login", "email", "groups_direct", "groups"],
  ],
  "https://accounts.google.com": ["sub", "email", "hd"],
};

/** @throws {RegistryError} `Invalid` that names the member, for anything but settings */
export function parseSettings(settings: unknown): ParsedSettings {
  const { audience, issuers } = membersOf(settings, "the settings", ["audience", "issuers"]);
  const names = textsOf(audience, "audience");
  const parsed = listOf(issuers, "issuers").map((each, at) =>
    issuerOf(each, `issuers[${at}]`, names)
  );
  const byName = new Map(parsed.map((each) => [each.issuer, each]));
  if (byName.size < parsed.length) {
    throw refuse("issuers", "two have the same `issuer`", "Write all rules of an issuer together.");
  }
  return { audience: names, issuers: byName };
}

function issuerOf(value: unknown, at: string, audience: readonly string[]): ParsedIssuer {
  const known = ["issuer", "rules", "jwks", "signIn"] as const;
  const { issuer, rules, jwks, signIn } = membersOf(value, at, known);
  const name = textOf(issuer, `${at}.issuer`);
  if (!isIssuerUrl(name)) {
    const hint =
      "Write the `iss` of its tokens, such as https://gitlab.com; http only on loopback.";
    throw refuse(`${at}.issuer`, "it is not an https URL without query and fragment", hint);
  }
  const parsed = listOf(rules, `${at}.rules`).map((rule, i) =>
    ruleOf(rule, `${at}.rules[${i}]`, name)
  );
  const offer = signIn === undefined
    ? { issuer: name }
    : offerOf(signIn, `${at}.signIn`, { issuer: name, audience });
  if (jwks === undefined) return { issuer: name, rules: parsed, offer };
  const { keys } = membersOf(jwks, `${at}.jwks`, ["keys"]);
  return {
    issuer: name,
    rules: parsed,
    offer,
    jwks: { keys: listOf(keys, `${at}.jwks.keys`) as object[] },
  };
}

function ruleOf(value: unknown, at: string, issuer: string): OidcRule {
  const { claims, scopes, name } = membersOf(value, at, ["claims", "scopes", "name"]);
  checkClaims(claims, `${at}.claims`);
  checkStrangers(claims, `${at}.claims`, issuer);
  const texts = textsOf(scopes, `${at}.scopes`);
  try {
    accessOf("", texts);
  } catch (error) {
    const { hint } = error as { hint?: string };
    throw refuse(`${at}.scopes`, messageOf(error), hint);
  }
  return {
    claims,
    scopes: texts,
    ...(name === undefined ? {} : { name: textOf(name, `${at}.name`) }),
  };
}

function checkClaims(value: unknown, at: string, depth = 0): asserts value is OidcClaims {
  const claims = membersOf(value, at);
  const names = Object.keys(claims);
  if (names.length === 0) {
    const hint = 'Write at least one; { "sub": "*" } matches every token of the issuer.';
    throw refuse(at, "it has no claim", hint);
  }
  if (depth > MAX_DEPTH) throw refuse(at, "it is nested too deeply", undefined);
  for (const name of names) {
    const expected = claims[name];
    if (typeof expected === "object" && expected !== null && !Array.isArray(expected)) {
      checkClaims(expected, `${at}.${name}`, depth + 1);
      continue;
    }
    const values = Array.isArray(expected) ? expected : [expected];
    if (values.length > 0 && values.every(isValue)) continue;
    throw refuse(`${at}.${name}`, "it is neither a value, nor a list of values", undefined);
  }
}

function isValue(value: unknown): boolean {
  return typeof value === "string" && value !== "" && value.length <= MAX_TEXT ||
    typeof value === "boolean" || Number.isSafeInteger(value);
}

/** Refuses a rule that tokens of every customer of a public issuer would match. */
function checkStrangers(claims: OidcClaims, at: string, issuer: string): void {
  const telling = PUBLIC_ISSUERS[issuer];
  if (telling === undefined) return;
  const isTold = telling.some((name) => {
    const expected = Object.hasOwn(claims, name) ? claims[name] : undefined;
    if (expected === undefined) return false;
    return [expected].flat().every((value) => typeof value !== "string" || isOfOne(value, name));
  });
  if (isTold) return;
  const state = "tokens of everybody who uses this issuer would match";
  throw refuse(at, state, `Add ${telling[0]} or ${telling[1]}, of your own.`);
}

/**
 * Returns true for texts of one customer: `1234`, `octo/*`, `repo:octo/*`, and in an e-mail address
 * `*@example.com`. Strangers choose how other claims end, such as the environment in a `sub`.
 */
function isOfOne(pattern: string, claim: string): boolean {
  return !pattern.includes("*") || /^[^*]*[^*/:][/]/.test(pattern) ||
    claim.endsWith("email") && /^\*@[^*]+$/.test(pattern);
}

/** Returns true for an https URL, and for http on this machine. */
export function isIssuerUrl(text: string): boolean {
  const url = URL.parse(text);
  if (url === null || /[?#]/.test(text) || url.username !== "" || url.password !== "") return false;
  return isPrivateUrl(text);
}
