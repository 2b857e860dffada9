// Whose request it is.
import type { System } from "../../../mod.ts";
import { RefusedRequest } from "../problem.ts";
import { type Access, createAccess, everything } from "./access.ts";
import type { TokenCheck } from "./token_check.ts";

/** Who sent no token: may call what is open to everybody. */
export const nobody: Access = createAccess(undefined, []);

/** The rights behind a request. Fails with 401 (RFC 6750) for a token that is unknown, removed or expired. */
export async function authenticate(
  request: Request,
  tokens: TokenCheck | undefined,
): Promise<Access> {
  if (tokens === undefined) return everything;
  const authorization = request.headers.get("authorization");
  if (authorization === null) return nobody;
  const access = await tokens.find(authorization);
  if (access !== undefined) return access;
  throw needsToken(
    "Cannot accept the token: it is not known, was removed, or is over",
    ' error="invalid_token"',
  );
}

/** Minimum time between two lookups of the token of a long request, milliseconds. */
const RENEW_EVERY_MS = 1000;

/** Returns the rights that a request has now: none once its token is removed or has expired. */
export function createRenewal(
  request: Request,
  { tokens, system, access }: {
    tokens: TokenCheck;
    system: Pick<System, "monotonic">;
    access: Access;
  },
): () => Promise<Access> {
  let now = access, askedAt = system.monotonic();
  return async () => {
    if (system.monotonic() - askedAt < RENEW_EVERY_MS) return now;
    askedAt = system.monotonic();
    return now = await tokens.find(request.headers.get("authorization")) ?? nobody;
  };
}

export function needsToken(message: string, problem = ""): RefusedRequest {
  return new RefusedRequest({
    status: 401,
    code: "Denied",
    message,
    hint: "Send a token of this service: Authorization: Bearer holdfast_…",
    headers: { "www-authenticate": `Bearer realm="holdfast"${problem}` },
  });
}
