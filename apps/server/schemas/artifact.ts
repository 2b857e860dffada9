// Schemas of parts of versions, and of errors.
import * as v from "npm:valibot@^1.5";
import { STATUS } from "./status.ts";
import { count, described, MOST_TEXT, object, strictObject, text } from "./listing.ts";
import { Amount, AuthorSchema, JsonObject, Moment, Sha256, Text } from "./request_values.ts";

export const ProblemSchema = object("Problem", {
  title: v.string(),
  status: v.number(),
  detail: v.string(),
  code: v.picklist(Object.keys(STATUS)),
  action: v.optional(v.string()),
  subject: v.optional(v.string()),
  state: v.optional(v.string()),
  hint: v.optional(v.string()),
  hints: v.optional(v.object({ library: v.optional(v.string()) })),
  reason: v.optional(v.pipe(
    v.record(v.string(), v.string()),
    v.description("Why it failed, for hints of your own: a stable `kind`, and the names it needs"),
  )),
  suggestion: v.optional(v.string()),
  maybeWritten: v.optional(v.boolean()),
  retry: v.optional(v.picklist(["never", "later", "unknown"])),
  commit: v.optional(v.string()),
  key: v.optional(v.string()),
});

export const FileInfoSchema = object("FileInfo", {
  path: v.string(),
  size: Amount,
  sha256: Sha256,
  mediaType: v.optional(v.string()),
  mode: v.optional(v.picklist(["executable", "link", "folder"])),
  modifiedAt: described(v.string(), "The last modification, if stored"),
  data: described(v.string(), "The bytes as base64, if requested"),
});

export const ArtifactInputSchema = v.union([
  Text,
  v.strictObject({ ref: Text, digest: v.optional(Sha256) }),
]);

export const AnnotationsSchema = object("Annotations", {
  notes: v.optional(v.string()),
  labels: v.record(v.string(), v.unknown()),
  revision: Amount,
  changedAt: Moment,
  by: v.optional(AuthorSchema),
});

export const AnnotationsChangeSchema = strictObject("AnnotationsChange", {
  notes: v.optional(v.nullable(text(MOST_TEXT))),
  labels: v.optional(v.nullable(JsonObject)),
});

export const AnnotateQuery = v.object({
  ifRevision: count(0, 1_000_000_000, "Only if this is the revision, 0 for none. Otherwise 409"),
});

export const CommitQuery = v.object({
  commit: described(Text, "Only if the version has this commit. Otherwise 409"),
});
