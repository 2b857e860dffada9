// Scopes at routes: whoever describes a route says who may call it, and there is no other way to
// describe one.
import type { RegistryError } from "../../../mod.ts";
import { fault } from "../../../core/errors.ts";
import type { RouteMiddleware } from "../routing.ts";
import { needsToken } from "./authenticate.ts";
import { type Access, denied } from "./access.ts";
import type { RouteScope } from "./scopes.ts";

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

export function allowsRoute(access: Access, scope: RouteScope, name: string | undefined): boolean {
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
