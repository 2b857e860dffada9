// The sources of tokens, and the rights of the token of a request.
import { route } from "../describe.ts";
import type { Routes } from "../gateways/gateway.ts";
import type { ServerContext } from "../routing.ts";
import { AccessSchema, SignInSchema } from "../schemas/sign_in.ts";

const FRESH = { "cache-control": "no-store" };

export function signInRoutes(routes: Routes, { options }: ServerContext): void {
  const { tokens, readOnly = false } = options;
  route(routes, "GET /sign-in", {
    id: "getSignIn",
    tag: "service",
    summary: "Returns the identity providers whose tokens the service accepts",
    description: "People sign in with those that have a `clientId`, by authorization code with " +
      "PKCE or by device code.",
    scope: "open",
    answers: { 200: { description: "The providers", schema: SignInSchema } },
    answer: ({ c }) => c.json(tokens?.signIn ?? { issuers: [] }, 200, FRESH),
  });
  route(routes, "GET /access", {
    id: "getAccess",
    tag: "service",
    summary: "Returns the rights of the token",
    description: "`known` is false without a valid token. Without tokens, everybody has `admin`.",
    scope: "open",
    answers: { 200: { description: "The rights", schema: AccessSchema } },
    answer: ({ c, access: { admin, scopes, token, author: by, issuer, expiresAtMs } }) => {
      const known = tokens === undefined || token !== undefined;
      const kind = tokens === undefined ? "open" : issuer === undefined ? "token" : "oidc";
      const isFinite = expiresAtMs !== undefined && Number.isFinite(expiresAtMs);
      const expiresAt = isFinite ? new Date(expiresAtMs).toISOString() : undefined;
      const rights = { known, admin, writable: !readOnly, scopes, by, issuer, expiresAt };
      return c.json(known ? { ...rights, kind } : rights, 200, FRESH);
    },
  });
}
