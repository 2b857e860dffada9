// Lineage, as JSON.
import * as v from "npm:valibot@^1.5";
import { object } from "./named.ts";
import { Moment, Sha256, Text } from "./artifact.ts";
import { count } from "./listing.ts";

export const LineageQuery = v.object({
  ref: v.pipe(Text, v.description("`name`, or `name@version`")),
  direction: v.optional(v.pipe(
    v.picklist(["up", "down", "both"], "up, down or both is expected"),
    v.description(
      "To what it was made from, to what was made from it, or both, which is the default",
    ),
  )),
  depth: v.optional(count({ least: 1, most: 1_000_000, description: "How many steps to go" })),
});

export const LineageSchema = object("Lineage", {
  root: v.string(),
  nodes: v.array(v.object({
    ref: v.string(),
    state: v.picklist(["present", "missing", "changed", "unpinned", "unreadable"]),
    digest: v.optional(Sha256),
    createdAt: v.optional(Moment),
    metadata: v.optional(v.record(v.string(), v.unknown())),
  })),
  edges: v.array(v.object({ from: v.string(), to: v.string() })),
  unsure: v.array(v.string()),
  unreadable: v.array(v.string()),
  scanned: v.boolean(),
  cut: v.boolean(),
});
