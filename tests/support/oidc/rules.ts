// The vectors of sign-in, and issuers and services that answer as they say.

/** The answer of an issuer to a request for a new token. */
export interface Renewal {
  name: string;
  kind?: "access_token" | "id_token";
  status?: number;
  type?: string;
  headers?: Record<string, string>;
  body?: unknown;
  text?: string;
  is: "renewed" | "ended" | "later";
  page?: Renewal["is"];
  refreshToken?: string;
}

export interface Margin {
  leftS: number;
  /** It has a refresh token. */
  renews: boolean;
  answer: Renewal["is"];
  is: string;
  page?: string;
}

interface Vectors {
  addresses: { url: string; is: string | null; python?: null }[];
  private: { url: string; is: boolean }[];
  services: { signedIn: string; used: string; sent: boolean }[];
  tokens: { token: string; sent: string | null; page?: string | null; python?: string }[];
  redirects: { method: "GET" | "POST" | "DELETE"; status: number }[];
  folders: { env: Record<string, string>; is: string | null }[];
  login: Record<string, unknown> & { parameters: Record<string, string> };
  logins: {
    name: string;
    change?: Record<string, unknown>;
    without?: string[];
    text?: string | null;
    is: "used" | "none" | "damaged";
  }[];
  claims: {
    payload?: string;
    token?: string;
    is: null | { iss: string; aud: string[]; expiresAtMs: number };
  }[];
  margins: Margin[];
  request: { parameters: Record<string, string>; is: Record<string, string> };
  renewals: Renewal[];
  offers: { answer: unknown; is: null | Required<Offer>[] }[];
  endpoints: { issuer: string; document: Record<string, unknown>; is: boolean; page?: boolean }[];
  requests: { offer: Pick<Required<Offer>, "scope" | "parameters">; is: Record<string, string> }[];
  answers: { query: string; names?: boolean; code: string | null }[];
}

interface Offer {
  issuer: string;
  clientId?: string;
  scope?: string;
  token?: "access_token" | "id_token";
  parameters?: Record<string, string>;
}

export const VECTORS_FILE = new URL("../../fixtures/sign_in_vectors.json", import.meta.url);

export const VECTORS: Vectors = JSON.parse(await Deno.readTextFile(VECTORS_FILE));

/** Returns a JSON Web Token whose signature nobody checks. */
export function tokenWith(payload: string): string {
  const parts = ['{"alg":"RS256"}', payload, "signature"];
  return parts.map((part) => new TextEncoder().encode(part).toBase64(BASE64URL)).join(".");
}

const BASE64URL = { alphabet: "base64url", omitPadding: true } as const;

/** Returns the answer of an issuer. */
export function answerOf(renewal: Omit<Renewal, "name" | "is">, issuer: string): Response {
  const { status = 200, type = "application/json", headers, body, text } = renewal;
  const named = JSON.stringify(body ?? null).replaceAll("ISSUER", issuer);
  const json = JSON.parse(
    named,
    (_, value) => value?.claims === undefined ? value : tokenWith(JSON.stringify(value.claims)),
  );
  const content = text ?? JSON.stringify(json);
  return new Response(content, { status, headers: { ...headers, "content-type": type } });
}

/** An answer of each kind. */
export const ANSWERS: Record<Renewal["is"], Omit<Renewal, "name" | "is">> = {
  renewed: VECTORS.renewals.find(({ name }) => name === "a new token")!,
  ended: { status: 400, body: { error: "invalid_grant" } },
  later: { status: 503, type: "text/plain", text: "" },
};

/** Runs a function with another `fetch`. */
export async function withFetch<T>(
  answer: (request: Request) => Response | Promise<Response>,
  run: () => T | Promise<T>,
): Promise<T> {
  const real = globalThis.fetch;
  globalThis.fetch = async (input, init) => await answer(new Request(input, init));
  try {
    return await run();
  } finally {
    globalThis.fetch = real;
  }
}

/** Returns the discovery document of an issuer. */
export function documentOf(issuer: string, more: Record<string, unknown> = {}) {
  return {
    issuer,
    authorization_endpoint: `${issuer}/auth`,
    token_endpoint: `${issuer}/token`,
    id_token_signing_alg_values_supported: ["RS256"],
    ...more,
  };
}

/**
 * A service that redirects: below `/N/`, as the vector says, to `/target/N`. Notes what arrives there,
 * as `METHOD N TOKEN`.
 */
export function startRedirects() {
  const arrived: string[] = [];
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, (request) => {
    const [, first, second] = new URL(request.url).pathname.split("/");
    if (first === "target") {
      arrived.push(`${request.method} ${second} ${request.headers.get("authorization")}`);
      return Response.json({});
    }
    const { status } = VECTORS.redirects[Number(first)]!;
    return new Response(null, { status, headers: { location: `/target/${first}` } });
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    /** Returns requests that were repeated with a token, or that change something. */
    wrong: () => arrived.filter((line) => !/^GET \d+ null$/.test(line)),
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}
