// What is answered of bytes that arrive before they are saved.
import * as v from "npm:valibot@^1.5";
import { Amount, Moment, Text } from "./artifact.ts";
import { SavedArtifactSchema } from "./saving.ts";

export const ContentSchema = v.pipe(
  v.object({ upload: v.string(), size: Amount, sha256: v.string() }),
  v.metadata({ ref: "Content" }),
);

export const CONTENT_EXAMPLE = {
  upload: "019a9f5e-7c1e-7d3a-8b52-3f1c2a9d4e60",
  size: 12,
  sha256: "b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9",
};

export const UploadStateSchema = v.pipe(
  v.object({
    id: v.string(),
    size: Amount,
    offset: Amount,
    beganAt: Moment,
    expiresAt: Moment,
    metadata: v.optional(v.record(v.string(), v.nullable(v.string()))),
    sha256: v.optional(v.string()),
  }),
  v.metadata({ ref: "UploadState" }),
);

/** What an upload is saved as. */
export const UploadQuery = v.object({
  name: v.optional(v.pipe(Text, v.description("The artifact"))),
  version: v.optional(v.pipe(Text, v.description("Its version. Default: the next one"))),
  path: v.optional(
    v.pipe(Text, v.description("The path of the file in the version. Default: `content`")),
  ),
});

export const UploadAnswerSchema = v.pipe(
  v.object({
    jobId: v.optional(v.string()),
    result: v.optional(v.unknown()),
    ...SavedArtifactSchema.entries,
  }),
  v.metadata({ ref: "Uploaded" }),
);
