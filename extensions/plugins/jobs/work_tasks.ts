// Tasks as jobs of a queue: senders and workers.
import type { CallRunner, JobRunner, ScheduledCall } from "../job_runner.ts";
import { checkScheduled } from "./check_scheduled.ts";
import type { JobStorage } from "../../queues/job_storage/contract.ts";
import type { JobQueue, NewJob, QueueWorker, TakenJob, WorkOptions } from "../../queues/queue.ts";
import type { PlainValue } from "../../../materializers/mod.ts";
import type { System } from "../../../mod.ts";
import { invalid, messageOf, realSystem, shown } from "../../../core/kernel.ts";

/**
 * Runs tasks of a queue, with the functions and behaviors of a plugin set. A task may run twice if
 * its worker stops responding; save with `idempotencyKey: context.jobId` to save once.
 *
 * @param plugins a set that defines the submitted tasks
 *
 * @example
 * ```ts
 * import { createPlugins } from "@holdfast/holdfast/plugins";
 * import { taskJob, workTasks } from "@holdfast/holdfast/plugins";
 * import { openQueue } from "@holdfast/holdfast/queues";
 * import { assertEquals } from "@std/assert";
 *
 * await using plugins = createPlugins();
 * plugins.defineTask("greet", ({ name }: { name: string }) => `Hello ${name}`);
 * await using queue = await openQueue("memory:"); // or "redis://127.0.0.1:6379"
 * const job = taskJob({ task: "greet", behaviors: [], input: { name: "Ada" } });
 * await queue.add({ id: "greet-1", ...job });
 * await using worker = await workTasks(plugins, queue, { concurrency: 4 });
 * for await (const { job } of queue.watch("greet-1")) {
 *   if (job.state === "done") assertEquals(job.result, "Hello Ada");
 * }
 * ```
 */
export async function workTasks(
  plugins: CallRunner,
  queue: JobQueue,
  options: WorkOptions & {
    /** Stores the outcomes of jobs for longer than their queue. It stays open. @default none */
    storage?: JobStorage;
  } = {},
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
        if ("id" in event) keeper.keep(event.id);
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

export const TASK_KIND = "task";

/**
 * Returns a task as a job of a queue, for example to schedule it. Its group is the name of the
 * task.
 *
 * @example
 * ```ts
 * import { taskJob } from "@holdfast/holdfast/plugins";
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

/**
 * Returns the call in a job. Throws `Invalid` for other jobs. Untrusted: anyone with access to the
 * queue wrote it.
 */
function callOf({ id, kind, data }: TakenJob): ScheduledCall {
  if (kind === TASK_KIND) return data as unknown as ScheduledCall;
  throw invalid("run job", shown(id), "it is not a task", {
    hint: "Use a queue for tasks only: add ?queue=NAME to the URL of the queue",
  });
}

/** Returns a job id without colons, which ids of scheduled jobs contain. */
export function jobIdOf(id: string): string {
  return id.replaceAll(":", "-");
}

/**
 * Creates a function that stores jobs of a queue; no-op without a storage. `trouble` receives
 * failures.
 */
export function createJobKeeper(
  queue: Pick<JobQueue, "get">,
  { storage, trouble }: { storage?: JobStorage; trouble(reason: string): void },
): { keep(id: string): void; done(): Promise<void> } {
  let keeping = Promise.resolve();
  function keep(id: string): void {
    if (storage === undefined) return;
    keeping = keeping.then(async () => {
      try {
        const job = await queue.get(id);
        if (job !== undefined) await storage.put(job);
      } catch (error) {
        trouble(messageOf(error)); // the job continues
      }
    });
  }
  return { keep, done: () => keeping };
}

/** A runner whose jobs are in a queue, where you can inspect, cancel and retry them. */
export interface QueueRunner extends JobRunner, AsyncDisposable {
  readonly queue: JobQueue;
}

/**
 * Creates a runner that sends the rest of a task to a queue for `workTasks`. It closes the queue.
 *
 * @param queue a queue that other processes can open
 */
export function createQueueRunner(
  queue: JobQueue,
  { system = realSystem }: { system?: Pick<System, "id"> } = {},
): QueueRunner {
  return {
    crossesProcess: true,
    queue,
    async schedule(call, options) {
      checkScheduled(call, options);
      const { idempotencyKey, delayMs, priority, attempts, backoffMs, signal } = options;
      const id = jobIdOf(idempotencyKey ?? system.id());
      await queue.add({ id, ...taskJob(call), delayMs, priority, attempts, backoffMs }, { signal });
      return id;
    },
    [Symbol.asyncDispose]: () => queue[Symbol.asyncDispose](),
  };
}
