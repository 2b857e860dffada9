// The JSON of the routes of jobs.
import * as v from "npm:valibot@^1.5";
import { schema } from "../../../apps/server/extending.ts";

const State = v.picklist(["waiting", "delayed", "running", "done", "failed", "cancelled"]);

export const JobSchema = schema.object("Job", {
  id: v.string(),
  group: v.string(),
  kind: v.string(),
  data: v.unknown(),
  state: State,
  attempts: schema.Amount,
  attemptsMade: schema.Amount,
  takenOver: v.optional(schema.Amount),
  addedAt: schema.Moment,
  startedAt: v.optional(schema.Moment),
  endedAt: v.optional(schema.Moment),
  progress: v.optional(v.unknown()),
  result: v.optional(v.unknown()),
  reason: v.optional(v.string()),
});

export const JobsPage = schema.page(JobSchema, "JobsPage");

export const JobsQuery = v.object({
  state: schema.described(State, "Only jobs in this state"),
  group: schema.described(schema.Text, "Only jobs of this group"),
  ...schema.pageFields,
});
