// Jobs that BullMQ adds again and again.
import { getNextMillis, type Queue } from "npm:bullmq@^6";
import { messageOf } from "../../core/errors.ts";
import type { SignalOptions } from "../../core/registry.ts";
import { checkSchedule, CRON_HINT, notScheduled } from "../checks/queue_checks.ts";
import type { JobQueue, NewSchedule } from "../../core/queue.ts";
import { formOf, type JobForm, repeatedOptionsOf } from "./job_form.ts";

export interface SchedulePlace {
  kind: string;
  ask<T>(what: string, answer: Promise<T>, options?: SignalOptions): Promise<T>;
  /** Milliseconds since 1970. */
  now(): number;
}

export function createBullmqSchedules(
  queue: Queue,
  { kind, ask, now }: SchedulePlace,
): Pick<JobQueue, "schedule" | "unschedule" | "schedules"> {
  return {
    async schedule(schedule, options) {
      checkSchedule(schedule);
      const { id, cron, timeZone = "UTC", everyMs, job } = schedule;
      if (cron !== undefined) checkCron({ id, cron, timeZone }, now());
      const times = cron === undefined ? { every: everyMs } : { pattern: cron, tz: timeZone };
      const data: JobForm = { group: job.group, data: job.data };
      const template = { name: job.kind, data, opts: repeatedOptionsOf(job, kind) };
      await ask("add a schedule to", queue.upsertJobScheduler(id, times, template), options);
    },
    unschedule: (id, options) => ask("remove a schedule of", queue.removeJobScheduler(id), options),
    schedules: (options) =>
      ask(
        "list schedules of",
        queue.getJobSchedulers(0, -1, true).then((known) =>
          known.map(({ key, name, pattern, every, tz, next, template }) => ({
            ...{
              id: key,
              group: formOf({ data: template?.data }).group,
              kind: name,
              nextAt: new Date(next ?? 0),
            },
            ...(pattern === undefined
              ? { everyMs: every }
              : { cron: pattern, timeZone: tz ?? "UTC" }),
          }))
        ),
        options,
      ),
  };
}

/** BullMQ reads it when the schedule is added, and throws what cannot be told from a server that fails. */
function checkCron(
  { id, cron, timeZone }: Required<Pick<NewSchedule, "id" | "cron" | "timeZone">>,
  now: number,
): void {
  let next: number | undefined;
  try {
    next = getNextMillis(now, { pattern: cron, tz: timeZone }) as number | undefined;
  } catch (cause) {
    throw notScheduled(id, messageOf(cause), CRON_HINT, cause);
  }
  if (next === undefined) throw notScheduled(id, `${cron} is never`, CRON_HINT);
}
