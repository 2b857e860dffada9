// Parts of a sign-in that the tab keeps: the attempt until the provider answers, then the grant.

/** An identity provider with which people sign in, of `GET /sign-in`. */
export interface Issuer {
  readonly issuer: string;
  readonly clientId: string;
  readonly scope: string;
  /** The member of the provider's answer with the token for the service. */
  readonly token: "access_token" | "id_token";
  readonly parameters?: Readonly<Record<string, string>>;
}

/** The token of a sign-in, and what renews it. */
export interface Grant {
  readonly issuer: Issuer;
  readonly token: string;
  /** Never given to other tabs: providers accept it once. */
  readonly refreshToken?: string;
  readonly expiresAtMs?: number;
}

/** A sign-in that has begun. */
export interface Attempt {
  readonly issuer: Issuer;
  readonly state: string;
  /** The secret of PKCE. */
  readonly verifier: string;
  readonly nonce: string;
  /** The fragment of the view to return to. */
  readonly view: string;
}

/** The parameters that a provider adds to the address when it leads back. */
export type SignInAnswer = readonly (readonly [name: string, value: string])[];

/** Sign-in with identity providers. */
interface SignIn {
  /** Opens the page of a provider, which redirects back to this page. */
  beginSignIn(issuer: Issuer): Promise<void>;
  /** Returns the grant that an answer of a provider stands for, and the view from before. */
  finishSignIn(answer: SignInAnswer): Promise<{ grant: Grant; view: string }>;
  /** Returns a grant that is valid longer, or undefined if the provider gives none. */
  renewGrant(grant: Grant): Promise<Grant | undefined>;
  revokeGrant(grant: Grant): Promise<void>;
}

/** Loads the sign-in, which has a package of its own. */
export type LoadSignIn = () => Promise<SignIn>;

const [ATTEMPT, GRANT] = ["holdfast-sign-in-attempt", "holdfast-sign-in"];

export function storeAttempt(attempt: Attempt): void {
  sessionStorage.setItem(ATTEMPT, JSON.stringify(attempt));
}

/** Returns the attempt of this tab, once. */
export function takeAttempt(): Attempt | undefined {
  const text = sessionStorage.getItem(ATTEMPT);
  sessionStorage.removeItem(ATTEMPT);
  return text === null ? undefined : JSON.parse(text);
}

export function storedGrant(): Grant | undefined {
  const text = sessionStorage.getItem(GRANT);
  return text === null ? undefined : JSON.parse(text);
}

export function storeGrant(grant: Grant | undefined): void {
  if (grant === undefined) sessionStorage.removeItem(GRANT);
  else sessionStorage.setItem(GRANT, JSON.stringify(grant));
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
