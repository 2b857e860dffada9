// A worker for tasks.
import type { CallRunner } from "../../core/services/job_runner.ts";
import type { JobStorage } from "../../core/services/job_storage.ts";
import type { JobQueue, QueueWorker, WorkOptions } from "../../core/services/queue.ts";
import { createJobKeeper } from "./keep_jobs.ts";
import { callOf } from "./task_job.ts";

/** Options of {@linkcode workTasks}. */
export interface WorkTasksOptions extends WorkOptions {
  /** Keeps what becomes of the jobs, for longer than their queue does. It stays open. @default nothing does */
  storage?: JobStorage;
}

/**
 * Takes tasks from a queue and runs them, by the functions and behaviors of a set of plugins: what is in the queue only
 * names them. A task may be run twice, where its worker was taken for dead; what it saves is saved once under
 * `idempotencyKey: context.jobId`.
 *
 * @param plugins where the same tasks are defined as where they were submitted
 *
 * @example
 * ```ts
 * import { createPlugins } from "@holdfast/holdfast/plugins";
 * import { taskJob, workTasks } from "@holdfast/holdfast/plugins/jobs";
 * import { openQueue } from "@holdfast/holdfast/queues";
 * import { assertEquals } from "@std/assert";
 *
 * await using plugins = createPlugins();
 * plugins.defineTask("greet", ({ name }: { name: string }) => `Hello ${name}`);
 * await using queue = await openQueue("memory:"); // or "redis://127.0.0.1:6379"
 * await queue.add({ id: "greet-1", ...taskJob({ task: "greet", behaviors: [], input: { name: "Ada" } }) });
 * await using worker = await workTasks(plugins, queue, { concurrency: 4 });
 * for await (const { job } of queue.watch("greet-1")) {
 *   if (job.state === "done") assertEquals(job.result, "Hello Ada");
 * }
 * ```
 */
export async function workTasks(
  plugins: CallRunner,
  queue: JobQueue,
  options: WorkTasksOptions = {},
): Promise<QueueWorker> {
  const { storage, onEvent = () => {}, ...more } = options;
  const keeper = createJobKeeper(queue, {
    storage,
    trouble: (reason) => onEvent({ event: "trouble", reason }),
  });
  const worker = await queue.work(
    async (job, { signal, onProgress }) =>
      await plugins.runCall(callOf(job), { jobId: job.id, signal, onProgress }),
    {
      ...more,
      onEvent(event) {
        keeper.hear(event);
        onEvent(event);
      },
    },
  );
  async function close(closing?: Parameters<QueueWorker["close"]>[0]): Promise<void> {
    await worker.close(closing);
    await keeper.done();
  }
  return { running: () => worker.running(), close, [Symbol.asyncDispose]: () => close() };
}
