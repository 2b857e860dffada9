// Schemas of parts of versions, and of errors.
import * as v from "npm:valibot@^1.5";
import { isJsonObject } from "../../../core/text/json_text.ts";
import { STATUS } from "./status.ts";
import { count, described, MOST_TEXT, object, strictObject, text } from "./listing.ts";

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

export const Sha256 = v.pipe(
  text(64),
  v.regex(/^[0-9a-f]{64}$/, "expected a SHA-256 of 64 lowercase hexadecimal digits"),
);

/** An object of JSON with more members is refused whatever they are: 64 KiB of text have fewer. */
const MOST_MEMBERS = 65_536;

/** An object of JSON with any members: a record would take lists, and drop a `constructor`. */
export const JsonObject = v.pipe(
  v.custom<Record<string, unknown>>(isJsonObject, "not an object"),
  v.check(
    (value) => Object.keys(value).length <= MOST_MEMBERS,
    `it has more than ${MOST_MEMBERS} members`,
  ),
  v.metadata({
    as: { type: "object", additionalProperties: {}, maxProperties: MOST_MEMBERS },
  }),
);

/** A string that is not empty, such as a name. */
export const Text = text(MOST_TEXT, 1);

/** The path of a file of a version: saves refuse longer ones. */
export const Path = text(4096, 1);

/** An ISO 8601 date. */
export const Moment = v.pipe(text(100), v.isoTimestamp());

/** A size or count. */
export const Amount = v.pipe(
  v.number(),
  v.integer(),
  v.minValue(0),
  v.maxValue(Number.MAX_SAFE_INTEGER),
);

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

export const AuthorSchema = v.pipe(
  v.object({
    name: v.string(),
    token: v.optional(
      v.pipe(v.string(), v.description("Id of the token or sign-in that a service accepted")),
    ),
    claims: v.optional(
      v.pipe(
        v.record(v.string(), v.string()),
        v.description("Commit and job of the token of a CI job, such as sha and run_id"),
      ),
    ),
  }),
  v.description("Who did it, if known. Without a token, a program claimed the name"),
);

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
