// Opens job runners with checked settings.
import type { JobRunner } from "../job_runner.ts";
import type { JobStorage } from "../../queues/job_storage/contract.ts";
import type { System } from "../../core/system.ts";
import { openJobStorage } from "../../queues/job_storage.ts";
import { openQueue } from "../../queues/mod.ts";
import type { PluginContext } from "../contract.ts";
import { JobRunner as JobRunnerInterface } from "../interfaces.ts";
import type { Background } from "./background.ts";
import { createInProcessRunner, type InProcessRunner } from "./in_process.ts";
import { createQueueRunner, type QueueRunner } from "./work_tasks.ts";

/** Limit of concurrent background jobs, including those that wait for a response. */
const MOST_IN_BACKGROUND = 10_000;

export async function openMemoryRunner(
  settings: { concurrency?: number; storage?: string },
  { system, logger }: PluginContext,
): Promise<QueueRunner> {
  const storage = await openStorage(settings.storage, system);
  return await createInProcessRunner({ ...settings, system, logger, storage });
}

/** Opens a runner whose jobs start after their caller, or when a {@linkcode Background} runs. */
export async function openBackgroundRunner(
  { background, storage: url }: { background?: Background; storage?: string },
  { system, logger, plugins }: PluginContext,
): Promise<JobRunner> {
  if (background === undefined) {
    const storage = await openStorage(url, system);
    const concurrency = MOST_IN_BACKGROUND;
    return await createInProcessRunner({ system, logger, concurrency, storage, afterwards: true });
  }
  // A background belongs to one response; its jobs share one queue.
  const settings = url === undefined ? {} : { storage: url };
  const shared = await plugins.shared(JobRunnerInterface, "background", settings);
  return {
    crossesProcess: false,
    schedule: (call, options) => (shared as InProcessRunner).scheduleIn(background, call, options),
  };
}

export async function openServerRunner(url: string, system: System): Promise<QueueRunner> {
  return createQueueRunner(await openQueue(url, { system }), { system });
}

async function openStorage(
  url: string | undefined,
  system: System,
): Promise<JobStorage | undefined> {
  return url === undefined ? undefined : await openJobStorage(url, { system });
}
