// Tasks as jobs of a queue: what sends them there, and the workers that run them.
import type { CallRunner, JobRunner, ScheduledCall } from "../job_runner.ts";
import type { JobStorage } from "../../queues/job_storage/contract.ts";
import type { JobQueue, NewJob, QueueWorker, TakenJob, WorkOptions } from "../../core/queue.ts";
import { fault, messageOf } from "../../core/errors.ts";
import { realSystem, type System } from "../../core/system.ts";
import { shown } from "../../core/naming/names.ts";
import type { PlainValue } from "../../core/text/plain_value.ts";

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
 * What a task is for a queue: its group is the name of the task. With it a task can be scheduled by a queue itself.
 *
 * @example
 * ```ts
 * import { taskJob } from "@holdfast/holdfast/plugins/jobs";
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

/** The call that a job is; `Invalid` for one that is none. Whoever may write to the queue wrote it. */
export function callOf({ id, kind, data }: TakenJob): ScheduledCall {
  if (kind === TASK_KIND) return data as unknown as ScheduledCall;
  throw fault({
    code: "Invalid",
    action: "do job",
    subject: shown(id),
    state: "it is no task",
    hint: "Give jobs of other kinds, as steps of pipelines, a queue of their own: ?queue=NAME",
  });
}

/** The id of a job as queues take it: what a schedule of a queue has begun has colons in its id. */
export function jobIdOf(id: string): string {
  return id.replaceAll(":", "-");
}

/** Creates what keeps jobs of a queue; without a storage it does nothing. `trouble` hears of what could not be kept. */
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
        trouble(messageOf(error)); // the job goes on
      }
    });
  }
  return { keep, done: () => keeping };
}

/** A runner whose jobs are in a queue, where they can be looked at, cancelled and retried. */
export interface QueueRunner extends JobRunner, AsyncDisposable {
  readonly queue: JobQueue;
}

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
