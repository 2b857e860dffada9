// `GET /names`
import { readable } from "../access/access.ts";
import type { ServerContext } from "../context.ts";
import { route } from "../describe.ts";
import { answerListing, listing } from "../listing.ts";
import type { Routes } from "../routing.ts";
import { NamesPage, NamesQuery } from "../schemas/reading.ts";

export function namesRoutes(routes: Routes, { registry }: ServerContext): void {
  route(routes, "GET /names", {
    id: "listNames",
    tag: "artifacts",
    summary: "Lists names that have a version, in the order of their encoding",
    scope: "read",
    answers: listing(NamesPage, "A page of names, or all of them as lines"),
    query: NamesQuery,
    answer: ({ c, query, access }) => {
      const { prefix, ...page } = query;
      return answerListing(c, page, {
        list: ({ after, limit }) =>
          readable(registry.names({ prefix, after }), {
            access,
            nameOf: (name) => name,
            limit,
          }),
        keyOf: (name) => name,
      });
    },
  });
}
