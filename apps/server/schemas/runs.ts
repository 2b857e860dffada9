// Runs of pipelines, as JSON.
import * as v from "npm:valibot@^1.5";
import { object } from "./named.ts";
import { Amount, Moment } from "./artifact.ts";
import { page, pageFields } from "./listing.ts";

export const RunsQuery = v.object({
  pipeline: v.optional(v.pipe(v.string(), v.description("Only those of this pipeline"))),
  ...pageFields,
});

const runFields = {
  run: v.string(),
  end: v.pipe(
    v.picklist(["ok", "failed", "cancelled", "unknown"]),
    v.description("unknown: it still runs, or was killed"),
  ),
  durationMs: v.optional(v.number()),
};

export const RunSchema = object("Run", {
  ...runFields,
  plannedAt: Moment,
  steps: Amount,
  counts: v.optional(v.record(v.string(), Amount)),
});

export const RunsPage = page(RunSchema, "RunsPage");

export const RunDetailsSchema = object("RunDetails", {
  ...runFields,
  startedAt: v.optional(Moment),
  steps: v.array(v.object({
    step: v.string(),
    why: v.array(v.string()),
    end: v.picklist(["ran", "skipped", "failed", "blocked", "cancelled", "unknown"]),
    durationMs: v.number(),
    reason: v.optional(v.string()),
    hint: v.optional(v.string()),
    exitCode: v.optional(v.number()),
    exit: v.optional(v.string()),
    attempts: v.optional(Amount),
    record: v.optional(v.string()),
    outputs: v.optional(v.record(v.string(), v.string())),
  })),
});
