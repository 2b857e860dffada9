// Authentication, and the scope of each route. A route can only be described with a scope. Long
// responses end when the token of their request is removed, expires or loses its scope.
import type { RegistryError, System } from "../../../mod.ts";
import { RefusedRequest } from "../problem.ts";
import { type Access, createAccess, denied, everything, type RouteScope } from "./access.ts";
import type { TokenCheck } from "./token_file.ts";
import { fault } from "../../../core/errors.ts";
import type { RouteContext, RouteMiddleware } from "../routing.ts";

/** The access of a request without a token: only open routes. */
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

function needsToken(message: string, problem = ""): RefusedRequest {
  return new RefusedRequest({
    status: 401,
    code: "Denied",
    message,
    hint: "Send a token of this service: Authorization: Bearer holdfast_…",
    headers: { "www-authenticate": `Bearer realm="holdfast"${problem}` },
  });
}

const CONDITIONS = ["if-match", "if-none-match", "if-unmodified-since"];

/**
 * Wraps the description of a route, and keeps what the description adds to the OpenAPI document. A conditional header
 * of a write is refused unless the route lists it.
 */
export function guardRoute(
  scope: RouteScope,
  documented: RouteMiddleware,
  headers: readonly string[] = [],
): RouteMiddleware {
  const unknown = CONDITIONS.filter((header) => !headers.includes(header));
  const guard: RouteMiddleware = (c, next) => {
    c.env.route = c.req.routePath;
    c.env.scope = scope;
    if (scope !== "open" && c.env.refusal !== undefined) throw c.env.refusal;
    if (scope !== "open") checkScope(c.env.access, scope, c.req.param("name"));
    const { method, headers: sent } = c.req.raw;
    const ignored = method === "GET" || method === "HEAD"
      ? undefined
      : unknown.find((header) => sent.has(header));
    if (ignored !== undefined) throw cannotCompare(ignored);
    return documented(c, next);
  };
  return Object.assign(guard, documented, { scope });
}

function allowsRoute(access: Access, scope: RouteScope, name: string | undefined): boolean {
  if (scope === "open") return true;
  if (scope === "admin" || scope === "metrics") return access[scope];
  return name === undefined ? access.maySome(scope) : access.may(scope, name);
}

function cannotCompare(header: string): RegistryError {
  return fault({
    code: "Invalid",
    action: "write with the header",
    subject: header,
    state: "this route does not support it",
    hint:
      "Remove the header, or use `ifCommit`, `onConflict` or `expected` where the route has them.",
  });
}

function checkScope(
  access: Access,
  scope: Exclude<RouteScope, "open">,
  name: string | undefined,
): void {
  if (!access.admin && access.token === undefined) {
    throw needsToken("Cannot answer: a token is needed");
  }
  if (allowsRoute(access, scope, name)) return;
  if (scope === "admin" || scope === "metrics") throw denied("answer", scope);
  if (name !== undefined) access.check(scope, name);
  throw denied("answer", `${scope}:*`);
}

export interface WhileAllowedOptions {
  /** Further rights that the token must have. @default none */
  may?: (access: Access) => boolean;
  /** Closes an endless stream. Otherwise it fails, so that no client takes it as complete. @default false */
  closes?: boolean;
}

/** Throws unless the token of a request still allows its route. Call it before saving the result of a long request. */
export async function checkStillAllowed(c: RouteContext, name?: string): Promise<void> {
  if (!await isStillAllowed(c, (access) => name === undefined || access.may("write", name))) {
    throw tokenEnded();
  }
}

/** Returns the same stream, which ends when the token no longer allows the route. Checks it before each chunk. */
export function whileAllowed(
  c: RouteContext,
  stream: ReadableStream<Uint8Array>,
  { may, closes = false }: WhileAllowedOptions = {},
): ReadableStream<Uint8Array> {
  if (c.env.renew === undefined) return stream;
  const reader = stream.getReader();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await reader.read();
      if (done) return controller.close();
      if (await isStillAllowed(c, may)) return controller.enqueue(value);
      void reader.cancel().catch(() => {});
      if (!closes) throw tokenEnded();
      controller.close();
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
}

async function isStillAllowed(
  c: RouteContext,
  may: (access: Access) => boolean = () => true,
): Promise<boolean> {
  const { renew, scope } = c.env;
  if (renew === undefined || scope === undefined) return true;
  const access = await renew();
  return allowsRoute(access, scope, c.req.param("name")) && may(access);
}

function tokenEnded(): Error {
  return needsToken(
    "Cannot continue: the token was removed, has expired, or lost its scope",
    ' error="invalid_token"',
  );
}
