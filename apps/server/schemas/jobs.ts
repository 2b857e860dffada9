// Jobs, as JSON.
import * as v from "npm:valibot@^1.5";
import { object } from "./named.ts";
import { Amount, Moment, Text } from "./artifact.ts";
import { page, pageFields } from "./listing.ts";

const State = v.picklist(["waiting", "delayed", "running", "done", "failed", "cancelled"]);

export const JobSchema = object("Job", {
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
});

export const JobsPage = page(JobSchema, "JobsPage");

export const JobsQuery = v.object({
  state: v.optional(v.pipe(State, v.description("Only those that are there"))),
  group: v.optional(v.pipe(Text, v.description("Only those of this group"))),
  ...pageFields,
});
