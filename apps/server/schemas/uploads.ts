// What is answered of bytes that arrive before they are saved.
import * as v from "npm:valibot@^1.5";
import { object } from "./named.ts";
import { Amount, Moment, Text } from "./artifact.ts";
import { SavedArtifactSchema } from "./saving.ts";

export const ContentSchema = object("Content", {
  upload: v.string(),
  size: Amount,
  sha256: v.string(),
});

export const UploadStateSchema = object("UploadState", {
  id: v.string(),
  size: Amount,
  offset: Amount,
  beganAt: Moment,
  expiresAt: Moment,
  metadata: v.optional(v.record(v.string(), v.nullable(v.string()))),
  sha256: v.optional(v.string()),
});

/** What an upload is saved as. */
export const UploadQuery = v.object({
  name: v.optional(v.pipe(Text, v.description("The artifact"))),
  version: v.optional(v.pipe(Text, v.description("Its version. Default: the next one"))),
  path: v.optional(
    v.pipe(Text, v.description("The path of the file in the version. Default: `content`")),
  ),
});

export const UploadAnswerSchema = object("Uploaded", {
  jobId: v.optional(v.string()),
  result: v.optional(v.unknown()),
  ...SavedArtifactSchema.entries,
});
