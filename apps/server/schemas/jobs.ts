// Jobs, as JSON.
import * as v from "npm:valibot@^1.5";
import { Amount, Moment, Text } from "./artifact.ts";
import { page, pageFields } from "./listing.ts";

const State = v.picklist(["waiting", "delayed", "running", "done", "failed", "cancelled"]);

export const JobSchema = v.pipe(
  v.object({
    id: v.string(),
    group: v.string(),
    kind: v.string(),
    data: v.unknown(),
    state: State,
    attempts: Amount,
    attemptsMade: Amount,
    takenOver: v.optional(Amount),
    addedAt: Moment,
    startedAt: v.optional(Moment),
    endedAt: v.optional(Moment),
    progress: v.optional(v.unknown()),
    result: v.optional(v.unknown()),
    reason: v.optional(v.string()),
  }),
  v.metadata({ ref: "Job" }),
);

export const JobsPage = page(JobSchema, "JobsPage");

export const JobsQuery = v.object({
  state: v.optional(v.pipe(State, v.description("Only those that are there"))),
  group: v.optional(v.pipe(Text, v.description("Only those of this group"))),
  ...pageFields,
});

export const JOB_EXAMPLE = {
  id: "upload-019a9f5e-7c1e-7d3a-8b52-3f1c2a9d4e60",
  group: "uploads",
  kind: "upload",
  data: { name: "my:data", version: "1.0.0" },
  state: "running",
  attempts: 1,
  attemptsMade: 0,
  addedAt: "2026-01-31T12:00:00.000Z",
  startedAt: "2026-01-31T12:00:01.000Z",
  progress: { done: 3, of: 10 },
};
