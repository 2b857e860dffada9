// The one place that knows which router it is.
import { Hono } from "npm:hono@^4.13";
import type { Context, MiddlewareHandler } from "npm:hono@^4.13";
import type { ServerEnv } from "./context.ts";

/** Routes of one subject. */
export type Routes = Hono<ServerEnv>;

/** A request and how to answer it. */
export type RouteContext = Context<ServerEnv>;

/** What a request passes on its way to a route. */
export type RouteMiddleware = MiddlewareHandler<ServerEnv>;

/** Routes to be filled. */
export function createRoutes(): Routes {
  return new Hono<ServerEnv>();
}
