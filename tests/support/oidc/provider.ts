// A real provider of OpenID Connect on this machine, whose keys the test knows.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { once } from "node:events";
import Provider from "npm:oidc-provider@^9.13";
import { exportJWK, generateKeyPair, type JWK, SignJWT } from "npm:jose@^6.2";
import { realSystem } from "../../../core/system.ts";
import { answerInteraction, type PeopleOptions, peopleSettings, publicClient } from "./people.ts";

/** A key of an issuer: `jwk` is private. */
export interface IssuerKey {
  jwk: JWK & { kid: string; alg: string };
}

export async function createKey(kid: string, alg = "ES256"): Promise<IssuerKey> {
  const { privateKey } = await generateKeyPair(alg, { extractable: true });
  return { jwk: { ...await exportJWK(privateKey), kid, alg, use: "sig" } };
}

export function publicJwk({ jwk }: IssuerKey): JWK {
  const { d: _d, p: _p, q: _q, dp: _dp, dq: _dq, qi: _qi, ...known } = jwk;
  return known;
}

/** Signs claims with a key, by default a token that is valid for five minutes. */
export async function signed(
  { jwk }: IssuerKey,
  claims: Record<string, unknown>,
  { nowMs = realSystem.now(), header = {} }: { nowMs?: number; header?: Record<string, unknown> } =
    {},
): Promise<string> {
  const now = Math.floor(nowMs / 1000);
  return await new SignJWT({ iat: now, exp: now + 300, sub: "someone", ...claims })
    .setProtectedHeader({ alg: jwk.alg, kid: jwk.kid, typ: "JWT", ...header })
    .sign(jwk);
}

export interface RunningProvider extends AsyncDisposable {
  issuer: string;
  port: number;
  /** Paths of requests, in order. */
  requests: string[];
  /** Asks for a token of a client, as a program without a person does. */
  tokenOf(client: string, audience: string): Promise<string>;
}

/** Clients are named as in `clients`, which have extra claims. */
export async function startProvider(
  { key, port = 0, clients = {}, people }: {
    key: IssuerKey;
    port?: number;
    clients?: Record<string, Record<string, unknown>>;
    people?: PeopleOptions;
  },
): Promise<RunningProvider> {
  const requests: string[] = [];
  let answer: (...args: never[]) => unknown = () => {};
  const server = createServer((request, response) => {
    const path = request.url ?? "";
    requests.push(path);
    response.setHeader("connection", "close");
    if (people === undefined || !path.startsWith("/interaction/")) {
      return void answer(request as never, response as never);
    }
    void answerInteraction(provider, people, request, response);
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const bound = (server.address() as AddressInfo).port;
  const issuer = `http://127.0.0.1:${bound}`;
  const secret = "a secret of a test, which has to be long";
  const { features, ...ofPeople } = people === undefined ? {} : peopleSettings(people);
  const provider: Provider = new Provider(issuer, {
    jwks: { keys: [key.jwk as never] },
    clientDefaults: { id_token_signed_response_alg: key.jwk.alg },
    clients: [
      ...Object.keys(clients).map((client_id) => ({
        client_id,
        client_secret: secret,
        grant_types: ["client_credentials"],
        redirect_uris: [],
        response_types: [],
        token_endpoint_auth_method: "client_secret_post" as const,
      })),
      ...people === undefined ? [] : [publicClient(people)],
    ],
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      ...features,
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_context: unknown, resource: string) => ({
          scope: "",
          audience: resource,
          accessTokenFormat: people?.opaque ? "opaque" : "jwt",
          jwt: { sign: { alg: key.jwk.alg } },
        }),
      },
    },
    extraTokenClaims: (_context: unknown, token: { clientId?: string }) =>
      clients[token.clientId ?? ""] ?? people?.claims ?? {},
    ...ofPeople,
  } as never);
  answer = provider.callback() as never;
  return {
    issuer,
    port: bound,
    requests,
    async tokenOf(client, audience) {
      const response = await fetch(`${issuer}/token`, {
        method: "POST",
        body: new URLSearchParams({
          grant_type: "client_credentials",
          client_id: client,
          client_secret: secret,
          resource: audience,
        }),
      });
      const { access_token: token, ...problem } = await response.json();
      if (token === undefined) throw new Error(`no token: ${JSON.stringify(problem)}`);
      return token;
    },
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, "close").catch(() => {});
    },
  };
}
