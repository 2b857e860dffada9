// Schemas of saves, drafts and uploads.
import * as v from "npm:valibot@^1.5";
import { MOST_SENT_FILES } from "../../../core/calls/file_limit.ts";
import { ALIASES } from "../../../core/registry/operations/aliases.ts";
import { SAVE, SAVED } from "../../../core/registry/operations/saving.ts";
import { optionsInBody, schemaOf } from "./rows.ts";
import { atMost, described, flag, object, strictObject } from "./listing.ts";
import type { Schema } from "./listing.ts";
import type { SentFile, SentOptions } from "./sent_save.ts";
import { ArtifactInputSchema, FileInfoSchema } from "./artifact.ts";
import { Amount, Base64, JsonObject, Moment, Path, Sha256, Text } from "./request_values.ts";

export const MaterializerSchema = v.strictObject({
  id: v.pipe(Text, v.maxLength(200)),
  formatVersion: v.pipe(Amount, v.minValue(1)),
});

const aboutFile = {
  path: Path,
  mediaType: v.optional(Text),
  mode: v.optional(v.picklist(["executable", "link", "folder"])),
  modifiedAt: v.optional(Moment),
  size: v.optional(Amount),
  sha256: v.optional(Sha256),
};

/** Maximum number of uploads that make one file: of 8 MiB each, they have 800 GB. */
const MOST_UPLOADS = 100_000;

const aboutJoined = {
  ...aboutFile,
  size: Amount,
  sha256: Sha256,
  earlier: v.strictObject({
    name: Text,
    version: Text,
    commit: Text,
    runs: atMost(100_000, v.strictObject({ size: Amount, at: v.optional(Amount) })),
  }),
};

/**
 * A file: its bytes in base64, the id of its upload, the ids of uploads whose bytes follow each
 * other, runs of an earlier version of it and of uploads with the other bytes, or its path on
 * the machine of the service.
 */
const SentFileSchema: Schema<SentFile> = v.pipe(
  v.union(
    [
      v.strictObject({ ...aboutFile, data: Base64 }),
      v.strictObject({ ...aboutFile, upload: Text }),
      v.strictObject({ ...aboutFile, local: Text, given: v.optional(v.boolean()) }),
      v.strictObject({
        ...aboutFile,
        size: Amount,
        sha256: Sha256,
        uploads: atMost(MOST_UPLOADS, Text, 1),
      }),
      v.strictObject({ ...aboutJoined, upload: v.optional(Text) }),
      v.strictObject({ ...aboutJoined, uploads: atMost(MOST_UPLOADS, Text, 1) }),
    ],
    "expected a path, and data (base64), upload (an id), uploads (with size and sha256), earlier or local",
  ),
  v.metadata({ ref: "SentFile" }),
);

/** An input: resolved when saved, unless it has a digest or null in its place. */
const GivenInputSchema = v.union([
  ArtifactInputSchema,
  v.strictObject({ ref: Text, digest: v.null() }),
]);

const { compress, idempotencyKey, ...options } = optionsInBody(SAVE.options) as {
  [Name in keyof Required<SentOptions>]: v.GenericSchema<SentOptions[Name]>;
};

export const howToSave = {
  ...options,
  alias: described(
    v.union([Text, atMost(100, Text)], "expected an alias, or a list of them"),
    "An alias to set to the version, or several. A repeat sets those that are not set yet",
  ),
  metadata: v.optional(JsonObject),
  inputs: v.optional(atMost(1000, GivenInputSchema)),
};

export const SaveRequestSchema = strictObject("SaveRequest", {
  ...howToSave,
  idempotencyKey,
  compress,
  materializer: MaterializerSchema,
  files: v.optional(atMost(MOST_SENT_FILES, SentFileSchema)),
});

export const SavedArtifactSchema = schemaOf(SAVED);

export const DeletedSchema = schemaOf(ALIASES.deleteAlias.route.answer);

export const PartRequestSchema = strictObject("PartRequest", {
  files: v.optional(atMost(MOST_SENT_FILES, SentFileSchema, 1)),
  compress,
});

export const AddedPartSchema = object("AddedPart", {
  added: v.boolean(),
  files: Amount,
  size: Amount,
});

export const DraftInfoSchema = object("DraftInfo", {
  state: v.picklist(["open", "committing", "committed", "discarded", "abandoned"]),
  version: v.optional(v.string()),
  parts: v.array(v.object({ part: v.string(), addedAt: Moment })),
  files: v.optional(v.array(v.intersect([FileInfoSchema, v.object({ part: v.string() })]))),
});

export const DraftQuery = v.object({ files: flag("Include the files of the parts") });

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

export const UploadQuery = v.object({
  name: described(Text, "The artifact"),
  version: described(Text, "The version. Default: the next one"),
  path: described(Path, "The path of the file. Default: `content`"),
  alias: described(Text, "An alias to set to the version"),
});

export const UploadAnswerSchema = object("Uploaded", {
  jobId: v.optional(v.string()),
  result: v.optional(v.unknown()),
  ...SavedArtifactSchema.entries,
  digest: v.optional(Sha256),
  size: v.optional(Amount),
});

export const PresignedUploadSchema = object("PresignedUpload", {
  upload: v.string(),
  url: v.string(),
  headers: v.record(v.string(), v.string()),
  expiresAt: Moment,
});

export const PresignedSchema = object("Presigned", {
  url: v.string(),
  expiresAt: Moment,
  file: FileInfoSchema,
});
