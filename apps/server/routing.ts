// The one place that knows which router it is.
import { type Context, Hono, type MiddlewareHandler } from "npm:hono@^4.13";
import type { ServerEnv } from "./context.ts";

export type Routes = Hono<ServerEnv>;

export type RouteContext = Context<ServerEnv>;

export type RouteMiddleware = MiddlewareHandler<ServerEnv>;

export function createRoutes(): Routes {
  return new Hono<ServerEnv>();
}
