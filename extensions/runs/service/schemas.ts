// Schemas of runs that programs log to.
import * as v from "npm:valibot@^1.5";
import { schema } from "../../../apps/server/extending.ts";

const STATES = ["running", "silent", "failed", "finishing", "finished", "discarded"] as const;

const logged = {
  name: v.string(),
  id: v.string(),
  state: v.picklist(STATES),
  reason: schema.described(v.string(), "Why it failed"),
  version: schema.described(v.string(), "The version that the run was saved as"),
  params: schema.JsonObject,
  tags: schema.JsonObject,
  by: v.optional(schema.Author),
  startedAt: schema.Moment,
  lastAt: v.pipe(v.string(), v.description("When something was stored last, by the store's clock")),
  points: schema.Amount,
};

const listed = {
  ...logged,
  metrics: v.optional(
    v.pipe(schema.JsonObject, v.description("Last and best values, if all points are read")),
  ),
};

export const LoggedRunsPage = schema.page(schema.object("LoggedRun", listed), "LoggedRunsPage");

export const LoggedRunsQuery = v.object({
  ...schema.pageFields,
  name: schema.described(schema.Text, "Only runs of this name"),
  metrics: schema.flag("`true` adds the last value of each name and the best one of measures"),
});

export const LoggedRunSchema = schema.object("LoggedRunPage", {
  ...logged,
  lines: v.pipe(v.string(), v.description("Points as lines of JSON, about 4 MiB")),
  next: v.pipe(v.string(), v.description("`after` of the next request")),
  more: v.pipe(v.boolean(), v.description("True if more points are stored")),
});

export const LoggedRunQuery = v.object({
  after: schema.described(
    schema.text(schema.MOST_TEXT),
    "The `next` of an earlier answer. Default: from the beginning",
  ),
  lines: schema.flag("`false` leaves the points out"),
});

export const ConsoleSchema = schema.object("ConsoleTail", {
  text: schema.described(
    v.string(),
    "Up to 1,000 lines and 256 KiB; absent if none came since `after`",
  ),
  isCut: v.optional(v.pipe(v.boolean(), v.description("True if it has earlier lines"))),
  next: v.pipe(v.string(), v.description("`after` of the next request")),
});

export const ConsoleQuery = v.object({ after: LoggedRunQuery.entries.after });

const Tag = v.nullable(v.union([
  schema.text(1024 ** 2),
  v.pipe(v.number(), v.minValue(-Number.MAX_VALUE), v.maxValue(Number.MAX_VALUE)),
  v.boolean(),
]));

const facts = {
  params: v.optional(schema.JsonObject),
  tags: v.optional(
    v.pipe(
      v.record(v.string(), Tag),
      v.maxEntries(10_000),
      v.description("By name. `null` removes a tag"),
    ),
  ),
};

export const BeginRunSchema = schema.strictObject("BeginRunRequest", facts);

export const UpdateRunSchema = schema.strictObject("UpdateRunRequest", {
  ...facts,
  replace: v.optional(
    v.pipe(v.boolean(), v.description("Replace other values. Default: 409, and nothing changes")),
  ),
});

export const FinishRunSchema = schema.strictObject("FinishRunRequest", {
  ...schema.CommitDraft.entries,
  writer: v.optional(
    v.pipe(schema.Text, v.description("The writer that finishes its run: others may have failed")),
  ),
});

export const RunWriterSchema = schema.object("RunWriter", {
  writer: v.pipe(
    v.string(),
    v.description("Parts are named by it: points-<writer>-<first>-<count>"),
  ),
  startedAt: schema.Moment,
  points: schema.Amount,
  step: v.optional(v.pipe(v.number(), v.description("The last step of the stored points"))),
});
