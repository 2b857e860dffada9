// What happened to a name, as JSON.
import * as v from "npm:valibot@^1.5";
import { Amount, Moment } from "./artifact.ts";
import { page, pageFields } from "./listing.ts";

/** Something that happened to a name. */
export const LogEntrySchema = v.pipe(
  v.object({
    event: v.picklist(["saved", "deleted", "aliased", "unaliased"]),
    name: v.string(),
    version: v.optional(v.string()),
    alias: v.optional(v.string()),
    at: Moment,
    size: v.optional(Amount),
    commit: v.optional(v.string()),
  }),
  v.metadata({ ref: "LogEntry" }),
);

/** A page of what happened. */
export const LogPage = page(LogEntrySchema, "LogPage");

/** How pages are asked for. */
export const LogQuery = v.object(pageFields);
