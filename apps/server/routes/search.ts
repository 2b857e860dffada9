// Search.
import type { Routes } from "../gateways/gateway.ts";
import type { ServerContext } from "../routing.ts";
import { route } from "../describe.ts";
import { firstOfPage } from "../listing.ts";
import { DEFAULT_FOUND, SearchQuerySchema, SearchResultSchema } from "../schemas/reading.ts";
import { parseQuery } from "../search/query.ts";
import { searchBlocks } from "../search/search_blocks.ts";
import { answerInPlace } from "../guard/in_place.ts";

export function searchRoutes(
  routes: Routes,
  { searchIndex, system }: ServerContext,
): void {
  route(routes, "GET /search", {
    id: "search",
    tag: "artifacts",
    summary: "Finds versions by their name, aliases and metadata",
    description:
      "Searches all versions, as far as memory allows, in an index that has everything " +
      "that this service wrote, and is about a minute old for the rest.",
    scope: "read",
    answers: { 200: { description: "Versions by name, newest first", schema: SearchResultSchema } },
    query: SearchQuerySchema,
    answer: async (
      { c, query: { q, limit = DEFAULT_FOUND, offset = 0, newest, partial }, access },
    ) => {
      parseQuery(q);
      return await searchIndex.search({ partial }, (index) =>
        // The index may take minutes to read: only searching it takes a place.
        answerInPlace(c, async () => {
          const found = await searchBlocks(index, q, {
            offset,
            limit,
            newest,
            signal: c.request.signal,
            mayRead: (name) => access.may("read", name),
          });
          const { total, read, hints } = found;
          const items = firstOfPage(found.items);
          const end = offset + items.length;
          const body = {
            items,
            total,
            next: end < total ? end : undefined,
            ageMs: Math.max(0, system.now() - index.readAt),
            cut: index.cut,
            read,
            hints: hints.length > 0 ? hints : undefined,
          };
          return c.json(body, 200, { "cache-control": "no-store" });
        }));
    },
  });
}
