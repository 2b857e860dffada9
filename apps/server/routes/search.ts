// Search.
import type { Routes, ServerContext } from "../routing.ts";
import { inTurns } from "../../../core/work/next_turn.ts";
import { route } from "../describe.ts";
import { firstOfPage } from "../listing.ts";
import { DEFAULT_FOUND, SearchQuerySchema, SearchResultSchema } from "../schemas/reading.ts";
import { parseQuery } from "../search/query.ts";
import { createSearchIndex, type IndexedVersion } from "../search/search_index.ts";

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
    answers: { 200: { description: "Versions by name, newest first", schema: SearchResultSchema } },
    query: SearchQuerySchema,
    answer: async ({ c, query: { q, limit = DEFAULT_FOUND, offset = 0, partial }, access }) => {
      const matches = parseQuery(q);
      const { entries, readAt, cut, read } = await readIndex({ partial });
      const all: IndexedVersion[] = [];
      for await (const { found, text } of inTurns(entries, 200)) {
        if (access.may("read", found.name) && matches(found, text)) all.push(found);
      }
      const items = firstOfPage(all.slice(offset, offset + limit));
      const end = offset + items.length;
      const next = end < all.length ? end : undefined;
      const ageMs = Math.max(0, system.now() - readAt);
      const body = { items, total: all.length, next, ageMs, cut, read };
      return c.json(body, 200, { "cache-control": "no-store" });
    },
  });
}
