/**
 * Forgetting jobs that ended, where BullMQ does so slowly.
 *
 * @module
 */
import type { Queue } from "npm:bullmq@^6";
import { MOST_ENDED } from "./job_form.ts";

/** After so many jobs that ended it is looked whether there are too many. */
export const TRIM_EVERY = 1_000;
/** So many are forgotten at once. */
const FORGOTTEN_AT_ONCE = 100;

/** Forgets the jobs that ended first, beyond those that are kept. Several may do so at once. */
export async function trimEnded(queue: Queue, mostEnded = MOST_ENDED): Promise<void> {
  for (const place of ["completed", "failed"] as const) {
    for (;;) {
      const ids = await queue.getRanges([place], mostEnded, mostEnded + FORGOTTEN_AT_ONCE - 1); // the newest are first
      if (ids.length === 0) break;
      await Promise.all(ids.map((id) => queue.remove(id)));
    }
  }
}
