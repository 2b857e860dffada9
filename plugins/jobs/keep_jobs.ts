// Keeping what becomes of jobs.
import { messageOf } from "../../core/errors.ts";
import type { JobStorage } from "../../core/services/job_storage.ts";
import type { JobQueue, WorkerEvent } from "../../core/services/queue.ts";

export interface JobKeeper {
  keep(id: string): void;
  hear(event: WorkerEvent): void;
  done(): Promise<void>;
}

/** Creates what keeps jobs of a queue; without a storage it does nothing. `trouble` hears of what could not be kept. */
export function createJobKeeper(
  queue: Pick<JobQueue, "get">,
  { storage, trouble }: { storage?: JobStorage; trouble(reason: string): void },
): JobKeeper {
  let keeping = Promise.resolve();
  function keep(id: string): void {
    if (storage === undefined) return;
    keeping = keeping.then(async () => {
      try {
        const job = await queue.get(id);
        if (job !== undefined) await storage.put(job);
      } catch (error) {
        trouble(messageOf(error)); // the job goes on
      }
    });
  }
  return { keep, hear: (event) => void ("id" in event && keep(event.id)), done: () => keeping };
}
