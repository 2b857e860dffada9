// A sign-in as the page sees it, and the grant that the tab keeps.
import {
  isSignIn,
  issuersOfPeople,
  type PeopleIssuer,
} from "../../../apps/server/access/sign_in.ts";

/** An identity provider with which people sign in, of `GET /sign-in`. */
export type Issuer = PeopleIssuer;

/** Returns the providers in an answer of `GET /sign-in`: none for an answer of another kind. */
export function issuersOf(answer: unknown): readonly Issuer[] {
  return isSignIn(answer) ? issuersOfPeople(answer) : [];
}

/** The token of a sign-in, and what renews it. */
export interface Grant {
  readonly issuer: Issuer;
  readonly token: string;
  /** Never given to other tabs: providers accept it once. */
  readonly refreshToken?: string;
  readonly expiresAtMs: number;
}

/** The parameters that a provider adds to the address when it leads back. */
export type SignInAnswer = readonly (readonly [name: string, value: string])[];

/** Sign-in with identity providers. */
interface SignIn {
  /** Opens the page of a provider, which redirects back to this page. */
  beginSignIn(issuer: Issuer): Promise<void>;
  /** Returns the grant that an answer of a provider stands for, and the view from before. */
  finishSignIn(answer: SignInAnswer): Promise<{ grant: Grant; view: string }>;
  /**
   * Returns a grant that is valid longer, or undefined if the provider gives none. Throws if an
   * answer says nothing about the sign-in.
   */
  renewGrant(grant: Grant): Promise<Grant | undefined>;
  revokeGrant(grant: Grant): Promise<void>;
}

/** Loads the sign-in, which has a package of its own. */
export type LoadSignIn = () => Promise<SignIn>;

/** Names of a grant: one for each service, as several may be below one host. */
const grantOf = (service: string) => `holdfast-sign-in ${service}`;

export function storedGrant(service: string): Grant | undefined {
  const text = sessionStorage.getItem(grantOf(service));
  return text === null ? undefined : JSON.parse(text);
}

export function storeGrant(service: string, grant: Grant | undefined): void {
  if (grant === undefined) sessionStorage.removeItem(grantOf(service));
  else sessionStorage.setItem(grantOf(service), JSON.stringify(grant));
}

/** Takes the answer of a provider out of the address. Undefined if there is none. */
export function takeAnswer(
  at: Pick<Location, "hash" | "pathname" | "search">,
  past: Pick<History, "replaceState">,
): SignInAnswer | undefined {
  const query = new URLSearchParams(at.search);
  if (!query.has("state") || !query.has("code") && !query.has("error")) return undefined;
  past.replaceState(null, "", `${at.pathname}#/`);
  return [...query];
}
