// What is sent to save, and what saving answers.
import * as v from "npm:valibot@^1.5";
import { Amount, ArtifactInputSchema, FileInfoSchema, Moment, Sha256, Text } from "./artifact.ts";
import { flag } from "./listing.ts";

/** The id and version of what reads the files again. */
export const MaterializerSchema = v.strictObject({
  id: v.pipe(Text, v.maxLength(200)),
  formatVersion: v.pipe(v.number(), v.integer(), v.minValue(1)),
});

const aboutFile = {
  path: Text,
  mediaType: v.optional(Text),
  mode: v.optional(v.picklist(["executable", "link", "folder"])),
  modifiedAt: v.optional(v.pipe(v.string(), v.isoTimestamp())),
  size: v.optional(Amount),
  sha256: v.optional(Sha256),
};

/** A file that is sent: its bytes in base64, or the upload that holds them. */
export const SentFileSchema = v.pipe(
  v.union([
    v.strictObject({
      ...aboutFile,
      data: v.pipe(v.string(), v.regex(/^[A-Za-z0-9+/]*={0,2}$/, "base64 is expected")),
    }),
    v.strictObject({ ...aboutFile, upload: Text }),
  ], "a file has a path, and either data (base64) or upload (an id)"),
  v.metadata({ ref: "SentFile" }),
);

export type SentFile = v.InferOutput<typeof SentFileSchema>;

const howToSave = {
  version: v.optional(Text),
  bump: v.optional(v.picklist(["major", "minor", "patch"])),
  onConflict: v.optional(v.picklist(["fail", "skip", "overwrite"])),
  ifCommit: v.optional(Text),
  base: v.optional(v.nullable(Text)),
  skipIfUnchanged: v.optional(v.boolean()),
  metadata: v.optional(v.record(v.string(), v.unknown())),
  inputs: v.optional(v.pipe(v.array(ArtifactInputSchema), v.maxLength(1000))),
};

const compress = v.optional(v.picklist(["gzip", "zstd"]));

export const SaveRequestSchema = v.pipe(
  v.strictObject({
    ...howToSave,
    idempotencyKey: v.optional(Text),
    compress,
    materializer: MaterializerSchema,
    files: v.array(SentFileSchema),
  }),
  v.metadata({ ref: "SaveRequest" }),
);

export type SaveRequest = v.InferOutput<typeof SaveRequestSchema>;

export const SavedArtifactSchema = v.pipe(
  v.object({
    name: v.string(),
    version: v.string(),
    commit: v.string(),
    digest: Sha256,
    size: Amount,
    createdAt: Moment,
    skipped: v.boolean(),
    addedBytes: v.optional(Amount),
  }),
  v.metadata({ ref: "SavedArtifact" }),
);

export const SAVE_EXAMPLE: SaveRequest = {
  materializer: { id: "json", formatVersion: 1 },
  files: [{ path: "data.json", mediaType: "application/json", data: "eyJkZXB0aCI6MTJ9" }],
  metadata: { by: "curl" },
  idempotencyKey: "run-17",
};

export const SAVED_EXAMPLE = {
  name: "my:config",
  version: "1.0.0",
  commit: "019a9f5e-7c1e-7d3a-8b52-3f1c2a9d4e60",
  digest: "5d41402abc4b2a76b9719d911017c592ae8f1f4d3c2b1a0f9e8d7c6b5a493827",
  size: 12,
  createdAt: "2026-01-31T12:00:00.000Z",
  skipped: false,
  addedBytes: 583,
};

export const CopyRequestSchema = v.pipe(
  v.strictObject({ to: Text, onConflict: v.optional(v.picklist(["fail", "skip", "overwrite"])) }),
  v.metadata({ ref: "CopyRequest" }),
);

export const AliasRequestSchema = v.pipe(
  v.strictObject({ version: Text, expected: v.optional(v.nullable(Text)) }),
  v.metadata({ ref: "AliasRequest" }),
);

export const DeletedSchema = v.pipe(
  v.object({ deleted: v.boolean() }),
  v.metadata({ ref: "Deleted" }),
);

/** `true` or `false` in a query, or nothing. */
const optionalFlag = () => v.optional(flag());

export const DeleteQuery = v.object({ force: optionalFlag(), ifCommit: v.optional(Text) });

export const DeleteAliasQuery = v.object({
  expected: v.optional(v.pipe(
    v.string(),
    v.transform((version) => version === "" ? null : version),
    v.description(
      "Remove it only if it names this version; empty: only if it names none. Otherwise 409",
    ),
  )),
});

export const DeleteAllQuery = v.object({
  force: optionalFlag(),
  allVersions: optionalFlag(),
  ifCommit: v.optional(
    v.pipe(Text, v.description("Only this commit, in a registry without versions")),
  ),
});

export const PartRequestSchema = v.pipe(
  v.strictObject({ files: v.pipe(v.array(SentFileSchema), v.minLength(1)), compress }),
  v.metadata({ ref: "PartRequest" }),
);

export const AddedPartSchema = v.pipe(
  v.object({ added: v.boolean(), files: Amount, size: Amount }),
  v.metadata({ ref: "AddedPart" }),
);

export const CommitDraftSchema = v.pipe(
  v.strictObject({
    ...howToSave,
    parts: v.optional(v.array(Text)),
    materializer: v.optional(MaterializerSchema),
  }),
  v.metadata({ ref: "CommitDraftRequest" }),
);

export const DraftInfoSchema = v.pipe(
  v.object({
    state: v.picklist(["open", "committing", "committed", "discarded", "abandoned"]),
    version: v.optional(v.string()),
    parts: v.array(v.object({ part: v.string(), addedAt: Moment })),
    files: v.optional(v.array(v.intersect([FileInfoSchema, v.object({ part: v.string() })]))),
  }),
  v.metadata({ ref: "DraftInfo" }),
);

export const DraftQuery = v.object({ files: optionalFlag() });

export const DiscardedSchema = v.pipe(
  v.object({ discarded: v.boolean() }),
  v.metadata({ ref: "Discarded" }),
);
