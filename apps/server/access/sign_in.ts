// The sources of tokens that a service offers to clients without one: the answer of `GET /sign-in`.
import { isJsonObject } from "../../../core/text/json_text.ts";

/** The facts with which clients get a token for a service: the answer of `GET /sign-in`. */
export interface SignIn {
  /** The `aud` to ask an issuer for. Absent without issuers. */
  audience?: string;
  issuers: readonly SignInIssuer[];
}

/** An issuer whose tokens a service accepts. People can sign in with it if it has a `clientId`. */
export interface SignInIssuer {
  issuer: string;
  /** The public client of people. */
  clientId?: string;
  /** The scope to ask for. */
  scope?: string;
  /** The member of the issuer's answer with the token for this service. */
  token?: "access_token" | "id_token";
  /** Further parameters of requests for a code, for a device code and for tokens. */
  parameters?: Readonly<Record<string, string>>;
}

/**
 * An issuer with which people can sign in.
 *
 * @internal
 */
export type PeopleIssuer = Required<SignInIssuer>;

/** Returns true for an answer of `GET /sign-in`. */
export function isSignIn(value: unknown): value is SignIn {
  if (!isJsonObject(value) || !Array.isArray(value.issuers)) return false;
  if (value.audience !== undefined && typeof value.audience !== "string") return false;
  return value.issuers.every((each) =>
    isJsonObject(each) && typeof each.issuer === "string" &&
    [each.clientId, each.scope].every((text) => ["string", "undefined"].includes(typeof text)) &&
    [undefined, "access_token", "id_token"].includes(each.token as undefined) &&
    (each.parameters === undefined || isJsonObject(each.parameters) &&
        Object.values(each.parameters).every((text) => typeof text === "string"))
  );
}

/** Returns the issuers with which people can sign in. */
export function issuersOfPeople({ issuers }: SignIn): PeopleIssuer[] {
  return issuers.flatMap(
    ({ issuer, clientId, scope = "openid", token = "access_token", parameters = {} }) =>
      clientId === undefined ? [] : [{ issuer, clientId, scope, token, parameters }],
  );
}
