// The router, and how it reads the paths of requests. No other module knows which router it is.
import { type Context, Hono, type MiddlewareHandler } from "npm:hono@^4.13";
import type { ServerEnv } from "./context.ts";
import { fault } from "../../core/errors.ts";

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
