// Schemas of versions. Those of plain members follow from the rows of `core/artifact.ts`.
import * as v from "npm:valibot@^1.5";
import { type ArtifactInfo, PLAIN_MEMBERS } from "../../../core/artifact.ts";
import { itemAt } from "../../../core/faults/present.ts";
import {
  AnnotationsSchema,
  ArtifactInputSchema,
  CommitQuery,
  FileInfoSchema,
  ProblemSchema,
} from "./artifact.ts";
import { Amount, AuthorSchema, JsonObject, Moment, Text } from "./request_values.ts";
import { count, described, flag, MOST_TEXT, object, page, pageFields, text } from "./listing.ts";
import { membersOf } from "./rows.ts";

const RestorationSchema = object("Restoration", {
  commit: v.string(),
  deletedAt: Moment,
  restoredAt: Moment,
});

/** The other members. The compiler finds those that are missing here. */
const OTHER_MEMBERS: Record<
  Exclude<keyof ArtifactInfo, keyof typeof PLAIN_MEMBERS>,
  v.GenericSchema
> = {
  origin: v.optional(v.object({ registry: v.string(), commit: v.string() })),
  restored: v.optional(v.array(RestorationSchema)),
  materializer: v.object({ id: v.string(), formatVersion: v.number() }),
  metadata: v.record(v.string(), v.unknown()),
  inputs: v.array(ArtifactInputSchema),
  files: v.array(FileInfoSchema),
  annotations: v.optional(AnnotationsSchema),
};

export const ArtifactInfoSchema = object("ArtifactInfo", {
  ...membersOf(PLAIN_MEMBERS),
  ...OTHER_MEMBERS,
});

const VersionEntrySchema = object("VersionEntry", {
  name: v.string(),
  version: v.string(),
  generation: Amount,
  modifiedAt: Moment,
  deleted: v.optional(v.object({ at: Moment, until: Moment, by: v.optional(AuthorSchema) })),
  info: v.optional(v.union([ArtifactInfoSchema, JsonObject])),
  error: v.optional(ProblemSchema),
});

const isOfInfo = (field: string) =>
  Object.hasOwn(ArtifactInfoSchema.entries, itemAt(field.split("."), 0));

/** Members of the query of versions that are no options of a registry. */
export const InfoFields = {
  fields: v.optional(v.pipe(
    Text,
    v.maxLength(8000),
    v.description("Include only these members of `info`: `size,files.length,metadata.accuracy`"),
    v.transform((text) => text.split(",")),
    v.check((fields) => fields.every(isOfInfo), "expected members of info, separated by commas"),
  )),
};

export const VersionsPage = page(VersionEntrySchema, "VersionsPage");

/** An info, without its files if their list is long and not asked for. */
export const OpenedVersionSchema = object("OpenedVersion", {
  ...ArtifactInfoSchema.entries,
  fileCount: described(Amount, "If a long list is left out: `GET …/files` has it"),
});

export const FilesPage = page(FileInfoSchema, "FilesPage");

export const FilesQuery = v.object({
  ...CommitQuery.entries,
  ...pageFields,
  prefix: described(text(MOST_TEXT), "Only paths that begin with this"),
  from: described(text(MOST_TEXT), "Only this path and those after it"),
});

export const InfoQuery = v.object({
  ...CommitQuery.entries,
  withoutLongList: flag("Leave the files out if their list is in pages"),
  data: count(0, 65_536, "Include the `data` of files if their total size is at most this"),
});
