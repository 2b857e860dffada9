// The shape of an error.
import * as v from "npm:valibot@^1.5";
import { object } from "./named.ts";

export const ProblemSchema = object("Problem", {
  title: v.string(),
  status: v.number(),
  detail: v.string(),
  code: v.picklist([
    "NotFound",
    "AlreadyExists",
    "Conflict",
    "Invalid",
    "Unsupported",
    "Corrupt",
    "Denied",
    "Unavailable",
    "Unknown",
    "TaskFailed",
  ]),
  hint: v.optional(v.string()),
  suggestion: v.optional(v.string()),
  maybeWritten: v.optional(v.boolean()),
  retry: v.optional(v.picklist(["never", "later", "unknown"])),
  commit: v.optional(v.string()),
  key: v.optional(v.string()),
});
