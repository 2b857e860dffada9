// What is searched for, and what is found.
import * as v from "npm:valibot@^1.5";
import { object } from "./named.ts";
import { count } from "./listing.ts";

/** So many are found where nobody says how many. */
export const DEFAULT_FOUND = 50;

export const SearchQuerySchema = v.object({
  q: v.optional(
    v.pipe(
      v.string(),
      v.maxLength(1000),
      v.description(
        "Words and filters, all of which must be met: `bert metadata.epochs>3 alias=production`",
      ),
    ),
    "",
  ),
  limit: v.optional(
    count({
      least: 1,
      most: 1000,
      description: `At most so many, ${DEFAULT_FOUND} where it is not given`,
    }),
  ),
  offset: v.optional(
    count({ least: 0, most: 1_000_000, description: "So many are left out at the beginning" }),
  ),
});

export const SearchResultSchema = object("SearchResult", {
  items: v.array(v.object({
    name: v.string(),
    version: v.string(),
    aliases: v.array(v.string()),
    metadata: v.record(v.string(), v.any()),
    createdAt: v.string(),
    size: v.number(),
  })),
  total: v.pipe(v.number(), v.description("How many there are")),
  ageMs: v.pipe(
    v.number(),
    v.description("How old what was searched is, milliseconds: it is read anew each minute"),
  ),
  cut: v.pipe(
    v.boolean(),
    v.description("Whether there is more than the index holds, so that some is not found"),
  ),
});
