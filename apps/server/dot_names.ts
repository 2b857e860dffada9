/**
 * Names that are `.` or `..`: no address has those as a segment, for they mean this folder and the one above.
 *
 * @module
 */
import type { RouteMiddleware } from "./routing.ts";

/** Parameters of paths as they are meant: a tilde before dots alone is not of the name (`~..` is `..`, `~~..` is `~..`). */
export const readDotNames: RouteMiddleware = async (c, next) => {
  const param = c.req.param.bind(c.req) as (key?: string) => unknown;
  const read = (key?: string) => {
    if (key !== undefined) return meant(param(key));
    return Object.fromEntries(Object.entries(param() ?? {}).map(([key, value]) => [key, meant(value)]));
  };
  c.req.param = read as typeof c.req.param;
  await next();
};

function meant(value: unknown): unknown {
  return typeof value === "string" && value.startsWith("~") ? value.replace(/^~(~*\.{1,2})$/, "$1") : value;
}
