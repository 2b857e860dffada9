// What happened to a name, as JSON.
import * as v from "npm:valibot@^1.5";
import { object } from "./named.ts";
import { Amount, Moment } from "./artifact.ts";
import { page, pageFields } from "./listing.ts";

export const LogEntrySchema = object("LogEntry", {
  event: v.picklist(["saved", "deleted", "aliased", "unaliased"]),
  name: v.string(),
  version: v.optional(v.string()),
  alias: v.optional(v.string()),
  at: Moment,
  size: v.optional(Amount),
  commit: v.optional(v.string()),
});

export const LogPage = page(LogEntrySchema, "LogPage");

export const LogQuery = v.object(pageFields);
