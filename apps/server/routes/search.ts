// Search.
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
    description: "Searches the newest 20 versions of each name, in an index about a minute old.",
    scope: "read",
    answers: {
      200: { description: "Versions by name, newest first", schema: SearchResultSchema },
    },
    query: SearchQuerySchema,
    answer: async ({ c, query: { q, limit = DEFAULT_FOUND, offset = 0, partial }, access }) => {
      const matches = parseQuery(q);
      const { entries, readAt, cut, read } = await readIndex({ partial });
      const all = entries.filter(({ found, text }) =>
        access.may("read", found.name) && matches(found, text)
      );
      const items = all.slice(offset, offset + limit).map(({ found }) => found);
      const ageMs = Math.max(0, system.now() - readAt);
      const body = { items, total: all.length, ageMs, cut, read };
      return c.json(body, 200, { "cache-control": "no-store" });
    },
  });
}
