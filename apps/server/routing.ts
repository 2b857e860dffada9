// The router, what it hands to every route, and how it reads the paths of requests. No other module
// knows which router it is.
import { type Context, Hono, type MiddlewareHandler } from "npm:hono@^4.13";
import type { Logger, Registry, System } from "../../mod.ts";
import type { ResumableUploads } from "../../registry/uploads.ts";
import type { Access, RouteScope } from "./access/access.ts";
import type { OpenVersion } from "./files/opened.ts";
import type { Metrics } from "./observe/metrics.ts";
import type { HandlerInfo, HandlerOptions } from "./options.ts";
import { fault } from "../../core/errors.ts";

/**
 * What every route is handed.
 *
 * What reads leaves the signal of a request alone: under `Deno.serve` it is aborted after answers that arrived too,
 * with a warning on the terminal. Streams that nobody reads any more are cancelled; what is shorter goes on to its end.
 */
export interface ServerContext {
  readonly registry: Registry;
  readonly options: HandlerOptions;
  readonly system: System;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly closing: AbortSignal;
  /** What arrives before it is saved. `Unsupported` for a registry without a store of its own. */
  uploads(): Promise<ResumableUploads>;
  readonly openVersion: OpenVersion;
}

export interface RequestInfo extends HandlerInfo {
  /** What whoever sent it may do. Where the path has a `name`, its route has checked that already. */
  access: Access;
  /** The error of its token, which every route that is not open throws. */
  refusal?: unknown;
  requestId: string;
  route?: string;
  /** Returns the current rights of the sender, for long responses. Absent if the service needs no tokens. */
  renew?: () => Promise<Access>;
  scope?: RouteScope;
}

export interface ServerEnv {
  Bindings: RequestInfo;
}

export type Routes = Hono<ServerEnv>;

export type RouteContext = Context<ServerEnv>;

export type RouteMiddleware = MiddlewareHandler<ServerEnv>;

export function createRoutes(): Routes {
  return new Hono<ServerEnv>();
}

export function pathOf(url: string): string {
  return url.slice(url.indexOf("/", url.indexOf("//") + 2));
}

/** Throws `Invalid` for a path that is no text. */
export function checkPath(path: string): void {
  if (!path.includes("%")) return;
  try {
    decodeURIComponent(path.split("?", 1)[0]);
  } catch (cause) {
    throw fault({
      code: "Invalid",
      action: "read the path",
      state: "it is no percent-encoded UTF-8",
      hint: "Encode each name as encodeURIComponent does.",
      cause,
    });
  }
}

/**
 * Parameters of addresses as they are meant: a tilde before dots alone is not of the name (`~..` is `..`, `~~..` is
 * `~..`). The path of a file is as it is: none of its segments is dots alone.
 */
export const readDotNames: RouteMiddleware = async (c, next) => {
  const param = c.req.param.bind(c.req) as (key?: string) => unknown;
  const read = (key?: string) => {
    if (key !== undefined) return meant(key, param(key));
    return Object.fromEntries(
      Object.entries(param() ?? {}).map(([key, value]) => [key, meant(key, value)]),
    );
  };
  c.req.param = read as typeof c.req.param;
  await next();
};

function meant(key: string, value: unknown): unknown {
  if (key === "path" || typeof value !== "string" || !value.startsWith("~")) return value;
  return value.replace(/^~(~*\.{1,2})$/, "$1");
}
