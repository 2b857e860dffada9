// Schemas of what the explorer needs beside artifacts.
import * as v from "npm:valibot@^1.5";
import { Amount, Moment, Text } from "./artifact.ts";
import { described, object } from "./listing.ts";

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

export const AttemptsSchema = object("Attempts", {
  items: v.array(v.object({
    ref: v.pipe(v.string(), v.description("The record of the attempt")),
    end: v.string(),
    durationMs: v.number(),
    reason: v.optional(v.string()),
    hint: v.optional(v.string()),
    exitCode: v.optional(v.number()),
    exit: v.optional(v.string()),
    log: v.optional(v.pipe(v.string(), v.description("The file of the record with the log"))),
  })),
});

export const CancelledRunSchema = object("CancelledRun", {
  run: v.string(),
  asked: v.pipe(v.boolean(), v.description("False if it had been asked to stop before")),
});
