// `GET /search`
import type { Routes, ServerContext } from "../routing.ts";
import { route } from "../describe.ts";
import { DEFAULT_FOUND, SearchQuerySchema, SearchResultSchema } from "../schemas/reading.ts";
import { parseQuery } from "../search/query.ts";
import { createSearchIndex } from "../search/search_index.ts";

export function searchRoutes(
  routes: Routes,
  { registry, system, logger, closing }: ServerContext,
): void {
  const readIndex = createSearchIndex(registry, { system, logger, closing });
  route(routes, "GET /search", {
    id: "search",
    tag: "artifacts",
    summary: "Finds versions by their name, aliases and metadata",
    description:
      "Of each name the newest 20 versions are searched, as they were at most a minute or so ago.",
    scope: "read",
    answers: {
      200: {
        description: "What is found, in the order of names, newest first",
        schema: SearchResultSchema,
      },
    },
    query: SearchQuerySchema,
    answer: async ({ c, query: { q, limit = DEFAULT_FOUND, offset = 0 }, access }) => {
      const isMeant = parseQuery(q);
      const { entries, readAt, cut } = await readIndex();
      const all = entries.filter(({ found, text }) =>
        access.may("read", found.name) && isMeant(found, text)
      );
      const items = all.slice(offset, offset + limit).map(({ found }) => found);
      const ageMs = Math.max(0, system.now() - readAt);
      return c.json({ items, total: all.length, ageMs, cut }, 200, { "cache-control": "no-store" });
    },
  });
}
