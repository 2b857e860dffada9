// What is known of a version, as JSON.
import * as v from "npm:valibot@^1.5";
import { flag, page, pageFields } from "./listing.ts";
import { ProblemSchema } from "./problem.ts";

/** 64 lowercase hexadecimal digits. */
export const Sha256 = v.pipe(
  v.string(),
  v.regex(/^[0-9a-f]{64}$/, "a SHA-256 in 64 lowercase digits is expected"),
);

/** A string that must not be empty: a name, a version, a path, a key. */
export const Text = v.pipe(v.string(), v.minLength(1, "it is empty"));

/** A moment, ISO 8601. */
export const Moment = v.pipe(v.string(), v.isoTimestamp());

/** A number of bytes, or of things. */
export const Amount = v.pipe(v.number(), v.integer(), v.minValue(0));

export const FileInfoSchema = v.pipe(
  v.object({
    path: v.string(),
    size: Amount,
    sha256: Sha256,
    mediaType: v.optional(v.string()),
    mode: v.optional(v.picklist(["executable", "link", "folder"])),
    modifiedAt: v.optional(
      v.pipe(v.string(), v.description("When it was modified last, where that was kept")),
    ),
    data: v.optional(
      v.pipe(v.string(), v.description("Its bytes as base64, where they were asked for")),
    ),
  }),
  v.metadata({ ref: "FileInfo" }),
);

export const ArtifactInputSchema = v.union([
  Text,
  v.strictObject({ ref: Text, digest: v.optional(Sha256) }),
]);

export const ArtifactInfoSchema = v.pipe(
  v.object({
    name: v.string(),
    version: v.string(),
    commit: v.string(),
    generation: Amount,
    digest: Sha256,
    size: Amount,
    createdAt: Moment,
    origin: v.optional(v.object({ registry: v.string(), commit: v.string() })),
    materializer: v.object({ id: v.string(), formatVersion: v.number() }),
    metadata: v.record(v.string(), v.unknown()),
    inputs: v.array(ArtifactInputSchema),
    files: v.array(FileInfoSchema),
    idempotencyKey: v.optional(v.string()),
  }),
  v.metadata({ ref: "ArtifactInfo" }),
);

export const VersionEntrySchema = v.pipe(
  v.object({
    name: v.string(),
    version: v.string(),
    generation: Amount,
    modifiedAt: Moment,
    info: v.optional(ArtifactInfoSchema),
    error: v.optional(ProblemSchema),
  }),
  v.metadata({ ref: "VersionEntry" }),
);

export const VersionsQuery = v.object({
  range: v.optional(v.pipe(Text, v.description("Only versions in this range, as `^1.2`"))),
  details: v.optional(
    v.pipe(
      flag(),
      v.description("Whether each has its `info`, or, where it cannot be read, an `error`"),
    ),
  ),
  ...pageFields,
});

export const VersionsPage = page(VersionEntrySchema, "VersionsPage");

export const CommitQuery = v.object({
  commit: v.optional(
    v.pipe(Text, v.description("Only if the version has this commit. Otherwise 409")),
  ),
});

/** Most bytes of files that come with what is known of a version. */
const MOST_DATA = 65_536;

export const InfoQuery = v.object({
  ...CommitQuery.entries,
  data: v.optional(v.pipe(
    v.string(),
    v.regex(/^\d{1,5}$/, "a number of bytes is expected"),
    v.transform(Number),
    v.maxValue(MOST_DATA),
    v.description(
      `Where all files together have at most so many bytes (${MOST_DATA} at most), each comes with its \`data\`, as base64`,
    ),
  )),
});

export const INFO_EXAMPLE = {
  name: "my:config",
  version: "1.0.0",
  commit: "019a9f5e-7c1e-7d3a-8b52-3f1c2a9d4e60",
  generation: 1,
  digest: "5d41402abc4b2a76b9719d911017c592ae8f1f4d3c2b1a0f9e8d7c6b5a493827",
  size: 12,
  createdAt: "2026-01-31T12:00:00.000Z",
  materializer: { id: "json", formatVersion: 1 },
  metadata: { epochs: 3 },
  inputs: [],
  files: [{
    path: "value.json",
    size: 12,
    sha256: "b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9",
    mediaType: "application/json",
  }],
};
