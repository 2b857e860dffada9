// Schemas of the space of a registry and of versions.
import * as v from "npm:valibot@^1.5";
import { schema } from "../../../apps/server/extending.ts";

const GarbageSchema = schema.object("GarbageSpace", {
  bytes: schema.Amount,
  freeableBytes: schema.Amount,
  nextAt: v.optional(schema.Moment),
  allAt: v.optional(schema.Moment),
});

export const SpaceSchema = schema.object("Space", {
  bytes: schema.Amount,
  objects: schema.Amount,
  names: v.array(schema.object("NameSpace", {
    name: v.string(),
    versions: schema.Amount,
    size: schema.Amount,
    bytes: schema.Amount,
    sharedBytes: schema.Amount,
    unusedBytes: schema.Amount,
    draftBytes: schema.Amount,
    garbage: GarbageSchema,
  })),
  otherBytes: schema.Amount,
  uploadBytes: schema.Amount,
  garbage: GarbageSchema,
  days: v.array(v.object({ day: v.string(), versions: schema.Amount, size: schema.Amount })),
  measuredAt: schema.Moment,
  failures: v.array(v.object({ key: v.string(), message: v.string() })),
});

export const VersionSpaceQuery = v.object({
  deleting: schema.described(schema.Text, "Measures the deletion of this version"),
});

export const VersionSpacesSchema = schema.object("VersionSpaces", {
  versions: v.array(v.object({
    version: v.string(),
    size: schema.Amount,
    ownBytes: schema.Amount,
    sharedBytes: schema.Amount,
    modifiedAt: schema.Moment,
  })),
  storedBytes: schema.Amount,
  freedBytes: schema.Amount,
});
