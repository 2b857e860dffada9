// What a watch is asked for with.
import * as v from "npm:valibot@^1.5";
import { count } from "./listing.ts";

export const WatchQuery = v.object({
  intervalMs: v.optional(
    count({
      least: 100,
      most: 3_600_000,
      description: "How often the store is asked, milliseconds; 2000 where it is not given",
    }),
  ),
});
