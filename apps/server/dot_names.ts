// Names that are `.` or `..`: no address has those as a segment, for they mean this folder and the
// one above.
import type { RouteMiddleware } from "./routing.ts";

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
