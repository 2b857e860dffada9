// A runner that sends jobs to a queue, for workers in other processes.
import type { JobQueue } from "../../core/services/queue.ts";
import { realSystem, type System } from "../../core/system.ts";
import type { QueueRunner } from "./in_process.ts";
import { jobIdOf, taskJob } from "./task_job.ts";

/** Options of {@linkcode createQueueRunner}. */
export interface QueueRunnerOptions {
  system?: Pick<System, "id">;
}

/**
 * Creates a runner that sends what remains of a task to a queue, which is closed with it. `workTasks` runs it elsewhere.
 *
 * @param queue any queue that other processes reach
 */
export function createQueueRunner(
  queue: JobQueue,
  { system = realSystem }: QueueRunnerOptions = {},
): QueueRunner {
  return {
    crossesProcess: true,
    queue,
    async schedule(call, { idempotencyKey, delayMs, priority, attempts, backoffMs, signal }) {
      const id = jobIdOf(idempotencyKey ?? system.id());
      await queue.add({ id, ...taskJob(call), delayMs, priority, attempts, backoffMs }, { signal });
      return id;
    },
    [Symbol.asyncDispose]: () => queue[Symbol.asyncDispose](),
  };
}
