// The check of what a runner receives.
import { described, invalid } from "../../../core/kernel.ts";
import type { ScheduledCall, ScheduleOptions } from "../job_runner.ts";

/** Throws `Invalid` for anything but a call and its options, such as a function. */
export function checkScheduled(call: ScheduledCall, options: ScheduleOptions): void {
  const { task, behaviors } = Object(call) as Partial<ScheduledCall>;
  const isCall = typeof task === "string" && Array.isArray(behaviors);
  if (isCall && typeof Object(options).run === "function") return;
  const state = isCall ? "its options have no run" : `${described(call)} is not a scheduled call`;
  throw invalid("schedule job", undefined, state, {
    hint: 'Submit a task: plugins.createTask(fn).addBehavior("schedule_job", { … }).submit(input).',
  });
}
