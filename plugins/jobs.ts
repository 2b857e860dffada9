/**
 * Runners of jobs, for `schedule_job`, and workers for tasks. Importing this downloads no package: a client of Redis or
 * PostgreSQL is imported when its runner is made.
 *
 * @module
 */
import type { JobRunner } from "../core/services/job_runner.ts";
import type { JobStorage } from "../core/services/job_storage.ts";
import { openJobStorage } from "../queues/job_storage.ts";
import { openQueue } from "../queues/mod.ts";
import type { PluginContext } from "./contract.ts";
import { createInProcessRunner } from "./jobs/in_process.ts";
import type { InProcessRunner, QueueRunner } from "./jobs/in_process.ts";
import { createQueueRunner } from "./jobs/queue_runner.ts";
import type {
  BackgroundRunnerSettings,
  MemoryRunnerSettings,
  ServerRunnerSettings,
} from "./jobs/settings.ts";
import { queueUrl } from "./jobs/settings.ts";
import { JobRunner as JobRunnerInterface } from "./interfaces.ts";

export type * from "../core/services/job_runner.ts";
export type { JobStorage } from "../core/services/job_storage.ts";
export type * from "../core/services/queue.ts";
export type { SignalOptions } from "../core/registry.ts";
export type { System } from "../core/system.ts";
export type { PlainValue } from "../core/text/plain_value.ts";
export { createBackground } from "./jobs/background.ts";
export type { Background } from "./jobs/background.ts";
export type { QueueRunner } from "./jobs/in_process.ts";
export { createQueueRunner } from "./jobs/queue_runner.ts";
export type { QueueRunnerOptions } from "./jobs/queue_runner.ts";
export type {
  BackgroundRunnerSettings,
  MemoryRunnerSettings,
  ServerRunnerSettings,
} from "./jobs/settings.ts";
export { taskJob } from "./jobs/task_job.ts";
export { workTasks } from "./jobs/work_tasks.ts";
export type { WorkTasksOptions } from "./jobs/work_tasks.ts";

/** What runners are opened with. */
export type RunnerContext = Pick<PluginContext, "system" | "logger" | "plugins">;

/** So many jobs are begun at once after responses: what waits for one is among them. */
const MOST_IN_BACKGROUND = 10_000;

/** Opens the runner `memory`: a queue in this process. */
export async function openMemoryRunner(
  { concurrency, storage }: MemoryRunnerSettings,
  { system, logger }: Omit<RunnerContext, "plugins">,
): Promise<QueueRunner> {
  return await createInProcessRunner({
    system,
    logger,
    concurrency,
    storage: await openStorage(storage, system),
  });
}

/** Opens the runner `background`: jobs begin after what submitted them, or where a {@linkcode Background} is run. */
export async function openBackgroundRunner(
  { background, storage }: BackgroundRunnerSettings,
  { system, logger, plugins }: RunnerContext,
): Promise<JobRunner> {
  if (background === undefined) {
    const options = {
      concurrency: MOST_IN_BACKGROUND,
      storage: await openStorage(storage, system),
      afterwards: true,
    };
    return await createInProcessRunner({ system, logger, ...options });
  }
  // A background is of one response; its jobs are where all others are.
  const settings = storage === undefined ? {} : { storage };
  const shared = await plugins.shared(
    JobRunnerInterface,
    "background",
    settings,
  ) as InProcessRunner;
  return {
    crossesProcess: false,
    schedule: (call, options) => shared.scheduleIn(background, call, options),
  };
}

/** Opens the runner `redis` or `postgres`: a queue on that server. */
export async function openServerRunner(
  settings: ServerRunnerSettings,
  { kind, system }: Pick<RunnerContext, "system"> & { kind: "redis" | "postgres" },
): Promise<QueueRunner> {
  return createQueueRunner(await openQueue(queueUrl(kind, settings), { system }), { system });
}

async function openStorage(
  url: string | undefined,
  system: RunnerContext["system"],
): Promise<JobStorage | undefined> {
  return url === undefined ? undefined : await openJobStorage(url, { system });
}
