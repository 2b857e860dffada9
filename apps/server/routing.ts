// The router: the only module that imports it, beside the document in `describe.ts`.
import { type Context, Hono, type MiddlewareHandler } from "npm:hono@^4.13";
import type { Logger, Registry, System } from "../../mod.ts";
import type { ResumableUploads } from "../../registry/uploads.ts";
import type { Access, RouteScope } from "./access/access.ts";
import type { OpenVersion } from "./files/opened.ts";
import type { Metrics } from "./observe/metrics.ts";
import type { HandlerInfo, HandlerOptions } from "./options.ts";
import { fault } from "../../core/errors.ts";

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

/** Returns the path without the query. */
export function pathOf(url: string): string {
  return url.slice(url.indexOf("/", url.indexOf("//") + 2)).replace(/\?.*/s, "");
}

/** Throws `Invalid` for a path that cannot be decoded. */
export function checkPath(path: string): void {
  if (!path.includes("%")) return;
  try {
    decodeURIComponent(path);
  } catch (cause) {
    throw fault({
      code: "Invalid",
      action: "read the path",
      state: "it is not percent-encoded UTF-8",
      hint: "Encode each name with encodeURIComponent.",
      cause,
    });
  }
}

/**
 * Decodes names of dots in parameters: `~..` is `..`, and `~~..` is `~..`. File paths have no such
 * segments and stay as they are.
 */
export const readDotNames: RouteMiddleware = async (c, next) => {
  const param = c.req.param.bind(c.req) as (key?: string) => unknown;
  const decode = (key: string, value: unknown) =>
    key === "path" || typeof value !== "string" ? value : value.replace(/^~(~*\.{1,2})$/, "$1");
  const read = (key?: string) => {
    if (key !== undefined) return decode(key, param(key));
    const all = Object.entries(param() ?? {});
    return Object.fromEntries(all.map(([key, value]) => [key, decode(key, value)]));
  };
  c.req.param = read as typeof c.req.param;
  await next();
};

/** Ends JSON answers with a newline, for terminals. */
export const endLines: RouteMiddleware = async (c, next) => {
  const json = (value: unknown, status?: number, headers?: Record<string, string>) =>
    new Response(`${JSON.stringify(value)}\n`, {
      status,
      headers: { "content-type": "application/json", ...headers },
    });
  c.json = json as unknown as typeof c.json;
  await next();
};
