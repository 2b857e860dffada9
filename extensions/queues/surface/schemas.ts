// The JSON of the routes of jobs.
import * as v from "npm:valibot@^1.5";
import {
  Amount,
  described,
  Moment,
  object,
  page,
  pageFields,
  Text,
} from "../../../apps/server/extending.ts";

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
  state: described(State, "Only jobs in this state"),
  group: described(Text, "Only jobs of this group"),
  ...pageFields,
});
