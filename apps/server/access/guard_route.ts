// Authentication, and the scope of each route. Long responses end when the token of their request
// is removed, expires or loses its scope.
import { Buffer } from "node:buffer";
import { invalid, isRegistryError } from "../../../core/errors.ts";
import { checkName } from "../../../core/naming/names.ts";
import { parseSelector } from "../../../core/naming/refs.ts";
import type { System } from "../../../mod.ts";
import { onDemand } from "../streams.ts";
import { RefusedRequest } from "../problem.ts";
import type { RequestInfo, RouteContext } from "../gateways/gateway.ts";
import { type Access, type Change, createAccess, denied, type RouteScope } from "./access.ts";
import type { AuditSubject } from "../observe/audit_entry.ts";
import type { TokenCheck, TokenProof } from "./token_file.ts";

/** The rights of a request without a token: only open routes. */
export const nobody: Access = createAccess(undefined, []);

/** The token of a request, or a proof of one. */
type Sent = string | null | TokenProof;

/** Returns the header of a request. Basic with a token as password (RFC 7617) is Bearer. */
export function passwordAsToken({ headers }: Pick<Request, "headers">): string | null {
  const authorization = headers.get("authorization");
  const [, encoded] = /^basic +([\w+/]+=*)$/i.exec(authorization ?? "") ?? [];
  if (encoded === undefined) return authorization;
  const text = Buffer.from(encoded, "base64").toString();
  return `Bearer ${text.slice(text.indexOf(":") + 1)}`;
}

/**
 * Returns the rights of the sender, and a function that looks them up again. Throws 401 (RFC 6750)
 * for a token that is not accepted.
 */
export async function authenticate(
  request: Request,
  tokens: TokenCheck,
  { gateway, system }: Pick<RequestInfo, "gateway"> & { system: Clocks },
): Promise<{ access: Access; renew: () => Promise<Access> }> {
  const ofProtocol = gateway?.gateway.authorization;
  const sent = ofProtocol === undefined
    ? request.headers.get("authorization")
    : ofProtocol(request, { nowMs: system.now() });
  const access = sent === null ? nobody : await find(tokens, sent);
  if (access !== undefined) {
    return { access, renew: createRenewal(sent, access, { tokens, system }) };
  }
  if (sent !== null && typeof sent === "object") throw sent.refusal;
  throw needsToken("accept the token", "unknown, removed or expired", INVALID_TOKEN);
}

async function find(tokens: TokenCheck, sent: Sent): Promise<Access | undefined> {
  if (sent === null || typeof sent === "string") return await tokens.find(sent);
  return await tokens.prove?.(sent);
}

type Clocks = Pick<System, "now" | "monotonic">;

/** Minimum time between two lookups of the token of a long request, milliseconds. */
const RENEW_EVERY_MS = 1000;

/** Returns a function for the current rights of a request: none after its token has ended. */
function createRenewal(
  sent: Sent,
  access: Access,
  { tokens, system }: { tokens: TokenCheck; system: Clocks },
): () => Promise<Access> {
  let now = access, askedAt = system.monotonic();
  return async () => {
    if (system.monotonic() - askedAt < RENEW_EVERY_MS) return now;
    askedAt = system.monotonic();
    try {
      now = await find(tokens, sent) ?? nobody;
    } catch (error) {
      if (!isRegistryError(error, "Unavailable")) now = nobody; // else it was valid a moment ago
    }
    return now;
  };
}

const INVALID_TOKEN = ' error="invalid_token"';

function needsToken(action: string, state: string, problem = ""): RefusedRequest {
  return new RefusedRequest({
    status: 401,
    code: "Denied",
    action,
    state,
    hint: "Pass a token of this service as `token`, or in HOLDFAST_TOKEN.",
    reason: { kind: "token_missing" },
    headers: { "www-authenticate": `Bearer realm="holdfast"${problem}` },
  });
}

const CONDITIONS = ["if-match", "if-none-match", "if-unmodified-since"];

/**
 * Returns the check of the rights of a route, and of the name and version in its path. It also
 * refuses conditional headers of a write that the route does not list.
 */
export function guardRoute(
  scope: RouteScope,
  headers: readonly string[] = [],
  action: string = scope,
): (c: RouteContext) => void {
  const unknown = CONDITIONS.filter((header) => !headers.includes(header));
  return (c) => {
    const { name, version, alias } = c.params;
    const aliases = alias === undefined ? undefined : [alias];
    const subject = subjectOf(c);
    Object.assign(c.info, { route: c.path, scope, name, version, aliases, subject });
    if (scope !== "open") {
      if (c.info.refusal !== undefined) throw c.info.refusal;
      checkScope(c.info.access, scope, { name, action });
    }
    if (name !== undefined) checkName(name);
    if (version !== undefined) {
      const selector = parseSelector(version); // a member of a release has another name
      if (selector.kind === "version") c.info.version = selector.version.canonical; // of `2.0`
    }
    const { method, headers: sent } = c.request;
    const isRead = method === "GET" || method === "HEAD";
    const ignored = isRead ? undefined : unknown.find((header) => sent.has(header));
    if (ignored === undefined) return;
    throw invalid("use header", ignored, "this route does not support it", {
      hint: "Remove it, or use `ifCommit`, `onConflict` or `expected` if the route has them.",
    });
  };
}

/** Returns the parameters of a path that its entry in the audit trail has. */
function subjectOf({ params, info }: RouteContext): AuditSubject {
  const { draft, part } = params;
  const subject = { draft, part, ...info.gateway?.gateway.subjectOf?.(params) };
  return Object.fromEntries(Object.entries(subject).filter(([, value]) => value !== undefined));
}

/** Throws unless a request may write a name that its path does not have. */
export function checkWrites({ info }: RouteContext, right: Change, name: string): void {
  info.target = name; // the audit trail has it also if it is refused
  info.access.check(right, name);
  checkName(name);
  info.writes = name;
}

function allowsRoute(access: Access, scope: RouteScope, name: string | undefined): boolean {
  if (scope === "open") return true;
  if (scope === "admin" || scope === "metrics") return access[scope];
  return name === undefined ? access.maySome(scope) : access.may(scope, name);
}

function checkScope(
  access: Access,
  scope: Exclude<RouteScope, "open">,
  { name, action }: { name: string | undefined; action: string },
): void {
  if (!access.admin && access.token === undefined) {
    throw needsToken("answer", "a token is required");
  }
  if (allowsRoute(access, scope, name)) return;
  if (scope === "admin" || scope === "metrics") throw denied("answer", scope);
  if (name !== undefined && action === scope) access.check(scope, name); // in its own words
  if (name !== undefined) throw denied(`${action} ${JSON.stringify(name)}`, `${scope}:${name}`);
  throw denied("answer", `${scope}:*`);
}

/**
 * Throws unless the token still allows the route, and still may save `name` if it is given. For
 * checks after a body, which may take minutes or hours. Renews the rights of the request.
 */
export async function checkStillAllowed(c: RouteContext, name?: string): Promise<void> {
  const may = (access: Access) => name === undefined || access.may("save", name);
  if (!await isStillAllowed(c, may)) throw tokenEnded();
  c.info.access = await c.info.renew?.() ?? c.info.access;
}

/**
 * Returns the same stream, which ends when the token no longer allows the route, or lacks further
 * rights (`may`). The stream fails, so no client takes it as complete, or `closes` if it is
 * endless.
 */
export function whileAllowed(
  c: RouteContext,
  stream: ReadableStream<Uint8Array>,
  { may, closes = false }: { may?: (access: Access) => boolean; closes?: boolean } = {},
): ReadableStream<Uint8Array> {
  if (c.info.renew === undefined) return stream;
  const reader = stream.getReader();
  return onDemand(reader, async (controller) => {
    const { done, value } = await reader.read();
    if (done) return controller.close();
    if (await isStillAllowed(c, may)) return controller.enqueue(value);
    void reader.cancel().catch(() => {});
    if (!closes) throw tokenEnded();
    controller.close();
  });
}

async function isStillAllowed(
  c: RouteContext,
  may: (access: Access) => boolean = () => true,
): Promise<boolean> {
  const { renew, scope, name } = c.info;
  if (renew === undefined || scope === undefined) return true;
  const access = await renew();
  return allowsRoute(access, scope, name) && may(access);
}

function tokenEnded(): Error {
  return needsToken("continue", "the token was removed, expired or lost its scope", INVALID_TOKEN);
}
