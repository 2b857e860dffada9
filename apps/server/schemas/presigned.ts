// Transfers that go past the service, straight to the store.
import * as v from "npm:valibot@^1.5";
import { object, strictObject } from "./named.ts";
import { Amount, FileInfoSchema, Moment, Sha256, Text } from "./artifact.ts";
import { count } from "./listing.ts";
import { CommitDraftSchema } from "./saving.ts";

const WEEK_MS = 7 * 24 * 3_600_000;

export const PresignQuery = v.object({
  path: v.optional(v.pipe(Text, v.description("The file. Default: the only one"))),
  fileName: v.optional(v.pipe(Text, v.description("The name that a browser saves it under"))),
  expiresInMs: v.optional(
    count({ least: 1000, most: WEEK_MS, description: "How long the URL works, milliseconds" }),
  ),
});

export const PresignedSchema = object("Presigned", {
  url: v.string(),
  expiresAt: Moment,
  file: FileInfoSchema,
});

const file = {
  path: Text,
  mediaType: v.optional(Text),
  size: v.optional(Amount),
  sha256: v.optional(Sha256),
};

export const PresignUploadSchema = strictObject("PresignUploadRequest", {
  files: v.pipe(v.array(v.strictObject(file)), v.minLength(1), v.maxLength(1000)),
  expiresInMs: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1000), v.maxValue(WEEK_MS))),
});

export const PresignedUploadSchema = object("PresignedUpload", {
  id: v.string(),
  expiresAt: Moment,
  files: v.array(v.object({
    ...file,
    url: v.string(),
    method: v.literal("PUT"),
    headers: v.record(v.string(), v.string()),
  })),
});

const { parts: _, ...howToCommit } = CommitDraftSchema.entries;

export const CommitPresignedSchema = strictObject("CommitPresignedRequest", {
  name: Text,
  files: v.pipe(v.array(v.strictObject(file)), v.minLength(1), v.maxLength(1000)),
  idempotencyKey: v.optional(Text),
  ...howToCommit,
});
