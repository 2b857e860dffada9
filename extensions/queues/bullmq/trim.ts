// Removal of ended jobs on PostgreSQL, where BullMQ is slow.
import type { Queue } from "npm:bullmq@^6";
import { MOST_ENDED } from "./job_form.ts";

export const TRIM_EVERY = 1_000;
const REMOVED_AT_ONCE = 100;

/** Removes the oldest ended jobs beyond a number. Several processes may do so at once. */
export async function trimEnded(queue: Queue, mostEnded: number = MOST_ENDED): Promise<void> {
  for (const place of ["completed", "failed"] as const) {
    for (let from = mostEnded;;) {
      const ids = await queue.getRanges([place], from, from + REMOVED_AT_ONCE - 1); // newest first
      if (ids.length === 0) break;
      const remaining = await Promise.all(
        ids.map((id) => queue.remove(id).then(() => false, isOfSchedule)),
      );
      from += remaining.filter((remains) => remains).length;
    }
  }
}

/** PostgreSQL keeps jobs of an existing schedule until they are old. Throws any other error. */
function isOfSchedule(error: unknown): true {
  if (belongsToSchedule(error)) return true;
  throw error;
}

/** True if BullMQ refuses to remove a job because its schedule needs it. */
export function belongsToSchedule(error: unknown): boolean {
  return (error as { code?: unknown } | null)?.code === OF_SCHEDULE;
}

/** `ErrorCode.JobBelongsToJobScheduler` of BullMQ. */
const OF_SCHEDULE = -8;
