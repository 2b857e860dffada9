// `GET /names`
import { readable } from "../access/access.ts";
import type { ServerContext } from "../context.ts";
import { describe, query } from "../describe.ts";
import { answerListing, listing } from "../listing.ts";
import { createRoutes, type Routes } from "../routing.ts";
import { NamesPage, NamesQuery } from "../schemas/reading.ts";

export function namesRoutes({ registry }: ServerContext): Routes {
  return createRoutes().get(
    "/names",
    describe({
      id: "listNames",
      tag: "artifacts",
      summary: "Lists names that have a version, in the order of their encoding",
      scope: "read",
      answers: listing(NamesPage, "A page of names, or all of them as lines"),
    }),
    query(NamesQuery),
    (c) => {
      const { prefix, ...page } = c.req.valid("query");
      return answerListing(c, page, {
        list: ({ after, limit }) =>
          readable(registry.names({ prefix, after }), {
            access: c.env.access,
            nameOf: (name) => name,
            limit,
          }),
        keyOf: (name) => name,
      });
    },
  ) as unknown as Routes;
}
