// Schemas of the space of a registry and of versions.
import * as v from "npm:valibot@^1.5";
import { Amount, described, Moment, object, Text } from "../../../apps/server/extending.ts";

const GarbageSchema = object("GarbageSpace", {
  bytes: Amount,
  freeableBytes: Amount,
  nextAt: v.optional(Moment),
  allAt: v.optional(Moment),
});

export const SpaceSchema = object("Space", {
  bytes: Amount,
  objects: Amount,
  names: v.array(object("NameSpace", {
    name: v.string(),
    versions: Amount,
    size: Amount,
    bytes: Amount,
    sharedBytes: Amount,
    unusedBytes: Amount,
    garbage: GarbageSchema,
  })),
  otherBytes: Amount,
  uploadBytes: Amount,
  garbage: GarbageSchema,
  days: v.array(v.object({ day: v.string(), versions: Amount, size: Amount })),
  measuredAt: Moment,
  failures: v.array(v.object({ key: v.string(), message: v.string() })),
});

export const VersionSpaceQuery = v.object({
  deleting: described(Text, "Measures the deletion of this version"),
});

export const VersionSpacesSchema = object("VersionSpaces", {
  versions: v.array(v.object({
    version: v.string(),
    size: Amount,
    ownBytes: Amount,
    sharedBytes: Amount,
    modifiedAt: Moment,
  })),
  storedBytes: Amount,
  freedBytes: Amount,
});
