// A task as a job of a queue.
import { fault } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import type { ScheduledCall } from "../../core/services/job_runner.ts";
import type { NewJob, TakenJob } from "../../core/services/queue.ts";
import type { PlainValue } from "../../core/text/plain_value.ts";

export const TASK_KIND = "task";

/**
 * What a task is for a queue: its group is the name of the task. With it a task can be scheduled by a queue itself.
 *
 * @example
 * ```ts
 * import { taskJob } from "@holdfast/holdfast/plugins/jobs";
 * import { openQueue } from "@holdfast/holdfast/queues";
 *
 * await using queue = await openQueue("memory:"); // or "redis://127.0.0.1:6379"
 * const job = taskJob({ task: "report", behaviors: [], input: { days: 1 } });
 * await queue.schedule({ id: "nightly", cron: "0 3 * * *", timeZone: "Europe/Berlin", job });
 * ```
 */
export function taskJob(call: ScheduledCall): Pick<NewJob, "group" | "kind" | "data"> {
  return { group: call.task, kind: TASK_KIND, data: call as unknown as PlainValue };
}

/** The call that a job is; `Invalid` for one that is none. Whoever may write to the queue wrote it. */
export function callOf({ id, kind, data }: TakenJob): ScheduledCall {
  if (kind === TASK_KIND) return data as unknown as ScheduledCall;
  throw fault({
    code: "Invalid",
    action: "do job",
    subject: shown(id),
    state: "it is no task",
    hint: "Give jobs of other kinds, as steps of pipelines, a queue of their own: ?queue=NAME",
  });
}

/** The id of a job as queues take it: what a schedule of a queue has begun has colons in its id. */
export function jobIdOf(id: string): string {
  return id.replaceAll(":", "-");
}
