// The router: the only module that imports it, beside the document in `describe.ts`.
import { type Context, type Handler, Hono, type MiddlewareHandler } from "npm:hono@^4.13";
import type { Logger, Registry, System } from "../../mod.ts";
import type { ResumableUploads } from "../../registry/uploads.ts";
import type { Access, RouteScope } from "./access/access.ts";
import type { OpenVersion } from "./files/opened.ts";
import type { Windows } from "./streams.ts";
import type { Metrics } from "./observe/metrics.ts";
import type { HandlerInfo, HandlerOptions } from "./options.ts";
import { invalid } from "../../core/errors.ts";
import { Answer } from "./answer.ts";

/**
 * The services of all routes.
 *
 * Reads ignore the signal of a request: `Deno.serve` also aborts it after complete answers, with a
 * warning on the terminal. Unread streams are cancelled; shorter reads run to their end.
 */
export interface ServerContext {
  readonly registry: Registry;
  readonly options: HandlerOptions;
  readonly system: System;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly closing: AbortSignal;
  /** Uploads that no save has used yet. `Unsupported` for a registry without a store. */
  uploads(): Promise<ResumableUploads>;
  readonly openVersion: OpenVersion;
  /** The memory of all downloads. */
  readonly windows: Windows;
}

export interface RequestInfo extends HandlerInfo {
  /** The rights of the sender. Routes whose path has a `name` have checked it. */
  access: Access;
  /** The error of the token. Every route that is not open throws it. */
  refusal?: unknown;
  requestId: string;
  route?: string;
  /** Returns the current rights of the sender, for long responses. Absent without tokens. */
  renew?: () => Promise<Access>;
  scope?: RouteScope;
  name?: string;
}

export interface ServerEnv {
  Bindings: RequestInfo;
}

export type Routes = Hono<ServerEnv>;

export { Answer };

/** The context of a request, whose `json` makes an {@linkcode Answer}. */
export type RouteContext = Omit<Context<ServerEnv>, "json"> & { json: typeof answerJson };

export type RouteMiddleware = MiddlewareHandler<ServerEnv>;

export type RouteHandler = Handler<ServerEnv>;

export function createRoutes(): Routes {
  return new Hono<ServerEnv>();
}

/** Returns the path without the query. */
export function pathOf(url: string): string {
  const from = url.indexOf("/", url.indexOf("//") + 2);
  const query = url.indexOf("?", from);
  return query < 0 ? url.slice(from) : url.slice(from, query);
}

/** Returns a path as a reference from the request: a proxy may have removed a prefix. */
export function relative({ req }: RouteContext, path: string): string {
  return "../".repeat(pathOf(req.url).split("/").length - 2) + path;
}

/** Throws `Invalid` for a path that cannot be decoded. */
export function checkPath(path: string): void {
  if (!path.includes("%")) return;
  try {
    decodeURIComponent(path);
  } catch (cause) {
    throw invalid("read the URL path", undefined, "invalid percent-encoding or UTF-8", {
      hint: "Encode each name with encodeURIComponent.",
      cause,
    });
  }
}

/**
 * Returns the decoded parameters of a path. Names of dots are escaped: `~..` is `..`, and `~~..` is
 * `~..`. `@@` is `/`, which proxies may decode. File paths stay as they are.
 */
export function paramsOf(c: RouteContext): Record<string, string> {
  const params = c.req.param() as Record<string, string>;
  for (const key in params) {
    if (key === "path") continue;
    params[key] = params[key]!.replaceAll("@@", "/").replace(/^~(~*\.{1,2})$/, "$1");
  }
  return params;
}

/** Answers with JSON that ends with a newline, for terminals. */
export function answerJson(
  value: unknown,
  status?: number,
  headers?: Record<string, string>,
): Answer {
  return new Answer(`${JSON.stringify(value)}\n`, {
    status,
    headers: { "content-type": "application/json", ...headers },
  });
}
