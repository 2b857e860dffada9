// Forgetting jobs that ended, where BullMQ does so slowly.
import type { Queue } from "npm:bullmq@^6";
import { MOST_ENDED } from "./job_form.ts";

export const TRIM_EVERY = 1_000;
/** So many are forgotten at once. */
const FORGOTTEN_AT_ONCE = 100;

/** Forgets the jobs that ended first, beyond those that are kept. Several may do so at once. */
export async function trimEnded(queue: Queue, mostEnded: number = MOST_ENDED): Promise<void> {
  for (const place of ["completed", "failed"] as const) {
    for (let from = mostEnded;;) {
      const ids = await queue.getRanges([place], from, from + FORGOTTEN_AT_ONCE - 1); // the newest are first
      if (ids.length === 0) break;
      const left = await Promise.all(
        ids.map((id) => queue.remove(id).then(() => false, isOfSchedule)),
      );
      from += left.filter((isLeft) => isLeft).length;
    }
  }
}

/** On PostgreSQL jobs of a schedule, while that is there, are forgotten only when they are old. Throws any other error. */
function isOfSchedule(error: unknown): true {
  if (belongsToSchedule(error)) return true;
  throw error;
}

/** Whether BullMQ does not remove a job as a schedule needs it. */
export function belongsToSchedule(error: unknown): boolean {
  return (error as { code?: unknown } | null)?.code === OF_SCHEDULE;
}

/** `ErrorCode.JobBelongsToJobScheduler` of BullMQ. */
const OF_SCHEDULE = -8;
