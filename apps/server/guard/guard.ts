// The code around every request: access, limits, metrics, the log, and headers of every answer.
import { Buffer } from "node:buffer";
import type { Logger, System } from "../../../mod.ts";
import { silentLogger } from "../../../core/system.ts";
import { everything } from "../access/access.ts";
import { authenticate, nobody } from "../access/guard_route.ts";
import type { OpenGateway, RequestInfo } from "../gateways/gateway.ts";
import { Answer, onceSent } from "../answer.ts";
import type { Metrics } from "../observe/metrics.ts";
import type { ServiceMemory } from "../memory/service_memory.ts";
import { shownPath } from "../observe/shown_path.ts";
import { traced } from "../observe/trace.ts";
import type { HandlerInfo, HandlerOptions } from "../options.ts";
import { RefusedRequest } from "../problem.ts";
import { pathOf } from "../gateways/sent_path.ts";
import { limitBody } from "./body_limit.ts";
import type { BodyMemory } from "./body_memory.ts";
import { OriginCheck } from "./origin.ts";

interface GuardParts {
  system: System;
  logger: Logger;
  metrics: Metrics;
  memory: Pick<ServiceMemory, "rates">;
  /** The memory of bodies in this process. */
  bodies: BodyMemory;
  refuse(thrown: unknown): Answer;
  /** Returns the gateway of a request in the protocol of another program. */
  gatewayOf(request: Request): OpenGateway | undefined;
  hasRoute(request: Request, gateway?: OpenGateway): boolean;
}

type Routed = (request: Request, info: RequestInfo) => Promise<Answer>;

/** Default headers of every answer: stored files must not run in the origin of the service. */
const HEADERS: Readonly<Record<string, string>> = {
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
};

/** Listings and infos have only what the token may read. */
const VARIES = ["vary", "authorization"] as const;

const METHODS = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"]);

export function createGuard(
  options: HandlerOptions,
  { system, logger, metrics, bodies, memory, refuse, gatewayOf, hasRoute }: GuardParts,
): (request: Request, info: HandlerInfo, answer: Routed) => Promise<Answer> {
  const { tokens } = options;
  const { requestsPerSecond, ...sizes } = options.limits ?? {};
  const limits = {
    maxBodyBytes: sizes.maxBodyBytes ?? 32 * 1024 ** 2,
    maxUploadBytes: sizes.maxUploadBytes ?? Infinity,
    bodyTimeoutMs: sizes.bodyTimeoutMs ?? 60_000,
  };
  const origins = new OriginCheck(options, tokens !== undefined);

  async function admit(request: Request, known: RequestInfo, answer: Routed): Promise<Answer> {
    const held = bodies.hold();
    try {
      const preflight = origins.check(request);
      if (preflight !== undefined) return preflight;
      await setAccess(request, known, { tokens, system, metrics });
      const { token } = known.access;
      const { hostname } = (known.remoteAddr ?? {}) as { hostname?: string };
      if (token !== undefined) tokens?.used?.(token, hostname);
      if (requestsPerSecond !== undefined) {
        const sender = token ?? hostname ?? "unknown"; // guesses count too
        const waitMs = await memory.rates.waitMs(sender, requestsPerSecond);
        if (waitMs > 0) throw tooMany(waitMs);
      }
      let refused: RefusedRequest | undefined; // the route may report another error of the body
      const onRefuse = (reason: RefusedRequest) => void (refused = reason);
      const { gateway } = known;
      const isStream = gateway?.gateway.streams?.(request);
      const hasFiles = gateway?.gateway.sendsFiles?.(pathOf(request.url));
      const received = gateway?.gateway.received?.(request) ?? request;
      const limited = received.method === "GET" || hasRoute(received, gateway)
        ? limitBody(received, limits, { system, held, onRefuse, isStream, hasFiles })
        : received; // whose body nobody reads
      const answered = await answer(limited, known);
      if (refused !== undefined && answered.status >= 400) throw refused;
      return limited === received ? answered : onceSent(answered, held.end);
    } catch (error) {
      held.end();
      return refuse(error);
    }
  }

  return async (request, info, answer) => {
    const beganAt = system.monotonic();
    const requestId = idOf(request) ?? system.id();
    const gateway = gatewayOf(request);
    const known = { ...info, requestId, gateway } as RequestInfo; // `admit` adds its access
    metrics.begin();
    const admitted = await traced(request, known, () => admit(request, known, answer));
    const answered = gateway?.gateway.answered?.(admitted, known, request) ?? admitted;
    const { body, status: own, isOwned } = answered;
    const status = own === 500 && request.signal.aborted ? 499 : own; // the client left, as in nginx
    const ofToken = tokens === undefined || known.scope === "open" ? [] : [VARIES];
    const headers = withHeaders(answered, [...origins.headersFor(request), ...ofToken]);
    headers["x-request-id"] = requestId;

    const size = headers["content-length"];
    const durationMs = system.monotonic() - beganAt;
    metrics.end({
      method: METHODS.has(request.method) ? request.method : "other",
      route: known.route ?? "none",
      status,
      durationMs,
      receivedBytes: Number(request.headers.get("content-length") ?? 0),
      sentBytes: Number(size ?? 0),
    });
    if (logger !== silentLogger) {
      const at = new Date(system.now()).toISOString();
      logger.info(`${at} ${logLine(request, known, { status, size, durationMs })}`);
    }
    return new Answer(body, { status, headers, isOwned });
  };
}

/** Sets what the token of a request allows. Without tokens, everybody may do everything. */
async function setAccess(
  request: Request,
  known: RequestInfo,
  { tokens, system, metrics }:
    & Pick<HandlerOptions, "tokens">
    & Pick<GuardParts, "system" | "metrics">,
): Promise<void> {
  if (tokens === undefined) return void (known.access = everything);
  known.access = nobody;
  try {
    Object.assign(known, await authenticate(request, tokens, { ...known, system }));
  } catch (error) {
    const problem = await tokens.problem?.();
    if (problem !== undefined) metrics.uncheckedToken(problem);
    known.refusal = problem === undefined ? error : unchecked(); // for routes that are not open
  }
}

/** Returns the line of a request in the log, without its time. */
function logLine(
  { method, url }: Request,
  { access, requestId }: RequestInfo,
  { status, size, durationMs }: { status: number; size?: string; durationMs: number },
): string {
  const token = access?.token === undefined ? "" : ` token=${access.token}`;
  const bytes = size === undefined ? "" : ` ${size} B`;
  const took = `${Math.round(durationMs)} ms`;
  return `${method} ${shownPath(url)} ${status}${bytes} ${took}${token} id=${requestId}`;
}

/** Returns the headers of an answer, with those of every answer. */
function withHeaders(
  { headers, body }: Answer,
  added: readonly (readonly [string, string])[],
): Record<string, string> {
  const all = { ...HEADERS, ...headers };
  for (const [name, value] of added) {
    all[name] = all[name] === undefined ? value : `${all[name]}, ${value}`;
  }
  if (typeof body === "string" || body instanceof Uint8Array) {
    all["content-length"] = String(Buffer.byteLength(body));
  }
  return all;
}

function idOf(request: Request): string | undefined {
  const requestId = request.headers.get("x-request-id");
  return requestId !== null && /^[\w.-]{1,64}$/.test(requestId) ? requestId : undefined;
}

/** The token may be valid: clients try again later. */
function unchecked(): RefusedRequest {
  return new RefusedRequest({
    status: 503,
    code: "Unavailable",
    action: "check the token",
    state: "the service cannot read its tokens",
    hint: "Try again later. The log of the service has the reason.",
  });
}

function tooMany(waitMs: number): RefusedRequest {
  return new RefusedRequest({
    status: 429,
    code: "Unavailable",
    action: "answer this request",
    state: "too many requests",
    hint: "Retry after the number of seconds in Retry-After.",
    headers: { "retry-after": String(Math.ceil(waitMs / 1000)) },
  });
}
