// Runs around every request: access, limits, metrics, the log, and headers of every answer.
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
 * Creates a bucket for each key: it fills by so many a second, and holds so many as come in two seconds. The function
 * returns 0 where one more may come, else the milliseconds until then.
 */
function createRateLimit(
  requestsPerSecond: number,
  system: Pick<System, "monotonic">,
): (key: string) => number {
  const most = Math.max(1, requestsPerSecond * 2);
  const buckets = new Map<string, { left: number; at: number }>(); // in the order of their last use
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
  /** The answer to what was thrown. */
  refuse(thrown: unknown): Response;
}

export type Answer = (request: Request, info: RequestInfo) => Promise<Response>;

/** Headers of every answer, unless a route says otherwise: what is stored must not run where the service is. */
const HEADERS: readonly (readonly [string, string])[] = [
  ["x-content-type-options", "nosniff"],
  ["x-frame-options", "DENY"],
  ["referrer-policy", "no-referrer"],
  ["content-security-policy", "default-src 'none'; frame-ancestors 'none'; sandbox"],
];

export function createGuard(
  options: HandlerOptions,
  { system, logger, metrics, refuse }: GuardParts,
): (request: Request, info: HandlerInfo, answer: Answer) => Promise<Response> {
  const { tokens, limits = {} } = options;
  const {
    maxBodyBytes = 64 * 1024 ** 2,
    maxUploadBytes = Infinity,
    bodyTimeoutMs = 60_000,
    requestsPerSecond,
  } = limits;
  const origins = new OriginCheck(options, tokens !== undefined);
  const rate = requestsPerSecond === undefined
    ? undefined
    : createRateLimit(requestsPerSecond, system);

  async function admit(request: Request, known: RequestInfo, answer: Answer): Promise<Response> {
    const asked = origins.check(request);
    if (asked !== undefined) return asked;
    const whose = authenticate(request, tokens);
    const { token } = await whose.catch(() => ({ token: undefined })); // who guesses is counted too
    const waitMs = rate?.(token ?? addressOf(known)) ?? 0;
    if (waitMs > 0) throw tooMany(waitMs);
    const access = known.access = await whose.catch((error) => {
      known.refusal = error; // thrown by routes that are not open
      return nobody;
    });
    if (tokens !== undefined) known.renew = createRenewal(request, { tokens, system, access });
    let refused: RefusedRequest | undefined; // whoever reads the body may say something else of it
    const onRefuse = (reason: RefusedRequest) => void (refused = reason);
    const limits = { maxBodyBytes, maxUploadBytes, bodyTimeoutMs };
    const answered = await answer(limitBody(request, limits, { system, onRefuse }), known);
    if (refused !== undefined && answered.status >= 400) throw refused;
    return answered;
  }

  return async (request, info, answer) => {
    const beganAt = system.monotonic();
    const requestId = idOf(request) ?? system.id();
    const known = { ...info, requestId } as RequestInfo; // its access is found first
    metrics.begin();
    const response = await traced(
      request,
      known,
      () => admit(request, known, answer).catch(refuse),
    );
    for (const [name, value] of HEADERS) {
      if (!response.headers.has(name)) response.headers.set(name, value);
    }
    for (const [name, value] of origins.headersFor(request.headers.get("origin"))) {
      response.headers.append(name, value);
    }
    response.headers.set("x-request-id", requestId);

    const { method } = request;
    const { status } = response;
    const durationMs = system.monotonic() - beganAt;
    const sentBytes = Number(response.headers.get("content-length") ?? 0);
    metrics.end({
      method: METHODS.has(method) ? method : "other",
      route: known.route ?? "none",
      status,
      durationMs,
      receivedBytes: Number(request.headers.get("content-length") ?? 0),
      sentBytes,
    });
    logger.info(
      requestLine(request, { status, durationMs, token: known.access?.token, requestId }),
    );
    return response;
  };
}

const METHODS = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

/** `GET /names 200 3 ms token=3f9c2a71b0de id=…`; a query is never in it, nor the id of an upload, which opens it. */
function requestLine(
  request: Pick<Request, "method" | "url">,
  { status, durationMs, token, requestId }: {
    status: number;
    durationMs: number;
    token?: string;
    requestId: string;
  },
): string {
  const who = `${token === undefined ? "" : ` token=${token}`} id=${requestId}`;
  return `${request.method} ${shownPath(request)} ${status} ${Math.round(durationMs)} ms${who}`;
}

function shownPath({ url }: Pick<Request, "url">): string {
  return pathOf(url).split("?", 1)[0].replace(/^\/uploads\/.+/, "/uploads/…").slice(0, 500);
}

function idOf(request: Request): string | undefined {
  const given = request.headers.get("x-request-id");
  return given !== null && /^[\w.-]{1,64}$/.test(given) ? given : undefined;
}

function addressOf({ remoteAddr }: HandlerInfo): string {
  const { hostname } = (remoteAddr ?? {}) as { hostname?: string };
  return hostname ?? "unknown";
}

function tooMany(waitMs: number): RefusedRequest {
  return new RefusedRequest({
    status: 429,
    code: "Unavailable",
    message: "Cannot answer now: too many requests",
    hint: "Wait as long as Retry-After says.",
    headers: { "retry-after": String(Math.ceil(waitMs / 1000)) },
  });
}
