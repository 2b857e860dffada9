// The code around every request: access, limits, metrics, the log, and headers of every answer.
import type { Logger, System } from "../../../mod.ts";
import { authenticate, createRenewal, nobody } from "../access/guard_route.ts";
import { pathOf, type RequestInfo } from "../routing.ts";
import type { Metrics } from "../observe/metrics.ts";
import { traced } from "../observe/trace.ts";
import type { HandlerInfo, HandlerOptions } from "../options.ts";
import { RefusedRequest } from "../problem.ts";
import { limitBody } from "./body_limit.ts";
import { OriginCheck } from "./origin.ts";

const MOST_KEYS = 10_000;

/**
 * Creates a rate limit with a token bucket for each key, which holds the requests of two seconds.
 * The function returns the milliseconds until the next request may come, 0 for now.
 */
function createRateLimit(
  requestsPerSecond: number,
  system: Pick<System, "monotonic">,
): (key: string) => number {
  const most = Math.max(1, requestsPerSecond * 2);
  const buckets = new Map<string, { left: number; at: number }>(); // ordered by their last use
  return (key) => {
    const now = system.monotonic();
    const bucket = buckets.get(key) ?? { left: most, at: now };
    bucket.left = Math.min(most, bucket.left + (now - bucket.at) / 1000 * requestsPerSecond);
    bucket.at = now;
    buckets.delete(key);
    buckets.set(key, bucket);
    if (buckets.size > MOST_KEYS) buckets.delete(buckets.keys().next().value!);
    if (bucket.left < 1) return Math.ceil((1 - bucket.left) / requestsPerSecond * 1000);
    bucket.left--;
    return 0;
  };
}

export interface GuardParts {
  system: System;
  logger: Logger;
  metrics: Metrics;
  /** Returns the answer to an error. */
  refuse(thrown: unknown): Response;
}

export type Answer = (request: Request, info: RequestInfo) => Promise<Response>;

/** Default headers of every answer: stored files must not run in the origin of the service. */
const HEADERS: readonly (readonly [string, string])[] = [
  ["x-content-type-options", "nosniff"],
  ["x-frame-options", "DENY"],
  ["referrer-policy", "no-referrer"],
  ["content-security-policy", "default-src 'none'; frame-ancestors 'none'; sandbox"],
];

const METHODS = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

export function createGuard(
  options: HandlerOptions,
  { system, logger, metrics, refuse }: GuardParts,
): (request: Request, info: HandlerInfo, answer: Answer) => Promise<Response> {
  const { tokens } = options;
  const { requestsPerSecond, ...given } = options.limits ?? {};
  const limits = {
    maxBodyBytes: given.maxBodyBytes ?? 64 * 1024 ** 2,
    maxUploadBytes: given.maxUploadBytes ?? Infinity,
    bodyTimeoutMs: given.bodyTimeoutMs ?? 60_000,
  };
  const origins = new OriginCheck(options, tokens !== undefined);
  const rate = requestsPerSecond === undefined
    ? undefined
    : createRateLimit(requestsPerSecond, system);

  async function admit(request: Request, known: RequestInfo, answer: Answer): Promise<Response> {
    const preflight = origins.check(request);
    if (preflight !== undefined) return preflight;
    const authenticated = authenticate(request, tokens);
    const { token } = await authenticated.catch(() => nobody); // guesses count too
    const { hostname = "unknown" } = (known.remoteAddr ?? {}) as { hostname?: string };
    const waitMs = rate?.(token ?? hostname) ?? 0;
    if (waitMs > 0) throw tooMany(waitMs);
    const access = known.access = await authenticated.catch((error) => {
      known.refusal = error; // thrown by routes that are not open
      return nobody;
    });
    if (tokens !== undefined) known.renew = createRenewal(request, { tokens, system, access });
    let refused: RefusedRequest | undefined; // the route may report another error of the body
    const onRefuse = (reason: RefusedRequest) => void (refused = reason);
    const answered = await answer(limitBody(request, limits, { system, onRefuse }), known);
    if (refused !== undefined && answered.status >= 400) throw refused;
    return answered;
  }

  return async (request, info, answer) => {
    const beganAt = system.monotonic();
    const requestId = idOf(request) ?? system.id();
    const known = { ...info, requestId } as RequestInfo; // `admit` adds its access
    metrics.begin();
    const admitted = () => admit(request, known, answer).catch(refuse);
    const response = await traced(request, known, admitted);
    const { headers, status } = response;
    for (const [name, value] of HEADERS) {
      if (!headers.has(name)) headers.set(name, value);
    }
    for (const [name, value] of origins.headersFor(request.headers.get("origin"))) {
      headers.append(name, value);
    }
    headers.set("x-request-id", requestId);

    const { method, url } = request;
    const durationMs = system.monotonic() - beganAt;
    metrics.end({
      method: METHODS.has(method) ? method : "other",
      route: known.route ?? "none",
      status,
      durationMs,
      receivedBytes: Number(request.headers.get("content-length") ?? 0),
      sentBytes: Number(headers.get("content-length") ?? 0),
    });
    const token = known.access?.token === undefined ? "" : ` token=${known.access.token}`;
    const took = `${Math.round(durationMs)} ms`;
    logger.info(`${method} ${shownPath(url)} ${status} ${took}${token} id=${requestId}`);
    return response;
  };
}

/** Returns the path without query, and without upload ids, which grant access. */
function shownPath(url: string): string {
  return pathOf(url).replace(/^\/uploads\/.+/, "/uploads/…").slice(0, 500);
}

function idOf(request: Request): string | undefined {
  const given = request.headers.get("x-request-id");
  return given !== null && /^[\w.-]{1,64}$/.test(given) ? given : undefined;
}

function tooMany(waitMs: number): RefusedRequest {
  return new RefusedRequest({
    status: 429,
    code: "Unavailable",
    action: "answer now",
    state: "too many requests",
    hint: "Wait for the seconds in Retry-After.",
    headers: { "retry-after": String(Math.ceil(waitMs / 1000)) },
  });
}
