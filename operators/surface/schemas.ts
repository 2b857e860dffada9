// Schemas of runs of pipelines.
import * as v from "npm:valibot@^1.5";
import { schema } from "../../apps/server/extending.ts";

export const RunsQuery = v.object({
  pipeline: schema.described(schema.Text, "Only runs of this pipeline"),
  ...schema.pageFields,
});

const runFields = {
  run: v.string(),
  end: v.pipe(
    v.picklist(["ok", "failed", "cancelled", "unknown", "unreadable"]),
    v.description("`unknown`: running or killed; `unreadable`: the result is damaged"),
  ),
  durationMs: v.optional(v.number()),
};

const RunSchema = schema.object("Run", {
  ...runFields,
  plannedAt: schema.Moment,
  steps: schema.Amount,
  counts: v.optional(v.record(v.string(), schema.Amount)),
});

export const RunsPage = schema.page(RunSchema, "RunsPage");

export const RunDetailsSchema = schema.object("RunDetails", {
  ...runFields,
  startedAt: v.optional(schema.Moment),
  steps: v.array(v.object({
    step: v.string(),
    why: v.array(v.string()),
    end: v.picklist(["ran", "skipped", "failed", "blocked", "cancelled", "unknown"]),
    startedAt: v.optional(schema.Moment),
    durationMs: v.number(),
    reason: v.optional(v.string()),
    hint: v.optional(v.string()),
    exitCode: v.optional(v.number()),
    exit: v.optional(v.string()),
    attempts: v.optional(schema.Amount),
    record: v.optional(v.string()),
    outputs: v.optional(v.record(v.string(), v.string())),
    metrics: v.optional(v.record(v.string(), v.unknown())),
    params: v.optional(v.record(v.string(), v.unknown())),
  })),
});

export const AttemptsSchema = schema.object("Attempts", {
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

export const CancelledRunSchema = schema.object("CancelledRun", {
  run: v.string(),
  asked: v.pipe(v.boolean(), v.description("False if it had been asked to stop before")),
});
