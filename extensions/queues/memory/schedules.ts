// Schedules in memory.
import { checkSchedule } from "../checks/queue_checks.ts";
import type { JobSchedule, NewJob, NewSchedule } from "../queue.ts";
import type { System } from "../../../mod.ts";
import { loadPart } from "../../../core/kernel.ts";

interface SchedulePlace {
  system: System;
  has(id: string): boolean;
  add(job: NewJob, schedule: string): void;
  forget(id: string): void;
}

export interface Schedules {
  schedule(schedule: NewSchedule): Promise<void>;
  unschedule(id: string): boolean;
  list(): JobSchedule[];
  begun(schedule: string): void;
}

/** The type of `cron.ts`: importing it would download its package. */
interface CronPart {
  nextCronTime(id: string, times: { cron: string; timeZone: string }, afterMs: number): number;
}

interface Kept {
  schedule: NewSchedule;
  /** Returns the next time after one, milliseconds since 1970. */
  after(ms: number): number;
  nextMs: number;
  jobId: string;
}

export function createSchedules({ system, has, add, forget }: SchedulePlace): Schedules {
  const entries = new Map<string, Kept>();

  function plan(entry: Omit<Kept, "jobId" | "nextMs">, nextMs: number): void {
    const { id, job } = entry.schedule;
    let at = Math.max(nextMs, system.now());
    while (has(jobIdOf(id, at))) at++; // the schedule was replaced by one of the same time
    entries.set(id, { ...entry, nextMs: at, jobId: jobIdOf(id, at) });
    add({ ...job, id: jobIdOf(id, at), delayMs: at - system.now() }, id);
  }

  function unschedule(id: string): boolean {
    const known = entries.get(id);
    if (known !== undefined) forget(known.jobId);
    return entries.delete(id);
  }

  return {
    async schedule(given) {
      checkSchedule(given);
      const schedule = structuredClone(given);
      const { id, cron, timeZone = "UTC", everyMs = 0 } = schedule;
      const now = system.now();
      let after = (ms: number) => ms + everyMs;
      if (cron !== undefined) {
        const part = await loadPart<CronPart>("../checks/cron.ts", import.meta.url);
        after = (ms) => part.nextCronTime(id, { cron, timeZone }, ms);
      }
      const known = entries.get(id);
      const isSame = cron === undefined && known?.schedule.everyMs === everyMs;
      const first = isSame ? known.nextMs : cron === undefined ? now : after(now);
      unschedule(id);
      plan({ schedule, after }, first);
    },
    unschedule,
    list: () =>
      [...entries.values()].map(({ schedule, nextMs }) => {
        const { id, cron, timeZone = "UTC", everyMs, job: { group, kind } } = schedule;
        const times = cron === undefined ? { everyMs } : { cron, timeZone };
        return { id, group, kind, nextAt: new Date(nextMs), ...times };
      }),
    begun(id) {
      const known = entries.get(id);
      if (known !== undefined) plan(known, known.after(Math.max(known.nextMs, system.now() - 1)));
    },
  };
}

function jobIdOf(schedule: string, ms: number): string {
  return `repeat:${schedule}:${ms}`;
}
