/**
 * Whose request it is.
 *
 * @module
 */
import { RefusedRequest } from "../problem.ts";
import { everything } from "./access.ts";
import type { Access } from "./access.ts";
import { createAccess } from "./access.ts";
import type { TokenCheck } from "./token_check.ts";

/** Who sent no token: may call what is open to everybody. */
const nobody: Access = createAccess(undefined, []);

/** The rights behind a request. A token that does not count is refused wherever it is sent, by 401 (RFC 6750). */
export async function authenticate(request: Request, tokens: TokenCheck | undefined): Promise<Access> {
  if (tokens === undefined) return everything;
  const authorization = request.headers.get("authorization");
  if (authorization === null) return nobody;
  const access = await tokens.find(authorization);
  if (access !== undefined) return access;
  throw needsToken("Cannot accept the token: it is not known, was removed, or is over", ' error="invalid_token"');
}

/** The error for a request that needs a token. */
export function needsToken(message: string, problem = ""): RefusedRequest {
  return new RefusedRequest({
    status: 401,
    code: "Denied",
    message,
    hint: "Send a token of this service: Authorization: Bearer holdfast_…",
    headers: { "www-authenticate": `Bearer realm="holdfast"${problem}` },
  });
}
