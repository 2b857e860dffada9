// Search.
import type { Routes } from "../gateways/gateway.ts";
import type { ServerContext } from "../routing.ts";
import { TextNumbers } from "../../../core/text/text_numbers.ts";
import { nextTurn } from "../../../core/work/next_turn.ts";
import { route } from "../describe.ts";
import { firstOfPage } from "../listing.ts";
import { DEFAULT_FOUND, SearchQuerySchema, SearchResultSchema } from "../schemas/reading.ts";
import { memberOf, parseQuery } from "../search/query.ts";
import type { IndexedVersion } from "../search/version_reader.ts";
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
      const matches = parseQuery(q);
      const { entries, readAt, cut, read } = await searchIndex.read({ partial });
      // The index may take minutes to read: only searching it takes a place.
      return await answerInPlace(c, async () => {
        const all: IndexedVersion[] = [];
        const textNumbers = new TextNumbers(matches.numberFields);
        let searched = 0, name: string | undefined;
        for (const { found, text } of entries) {
          if (++searched % 200 === 0) await nextTurn();
          if (newest && found.name === name) continue;
          name = found.name;
          if (!access.may("read", name)) continue;
          if (matches.numberFields.length > 0 && matches.matchesOthers(found, text)) {
            textNumbers.add((field) => memberOf(found, field));
          }
          if (matches(found, text)) all.push(found);
        }
        const items = firstOfPage(all.slice(offset, offset + limit));
        const end = offset + items.length;
        const next = end < all.length ? end : undefined;
        const ageMs = Math.max(0, system.now() - readAt);
        const hints = textNumbers.notes.length > 0 ? textNumbers.notes : undefined;
        const known = read?.filter((name) => access.may("read", name)).length;
        const body = { items, total: all.length, next, ageMs, cut, read: known, hints };
        return c.json(body, 200, { "cache-control": "no-store" });
      });
    },
  });
}
