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
