// The jobs of a service that is started by the command line.
import { fault } from "../../../core/errors.ts";
import { taskJob } from "../../../plugins/jobs.ts";
import { openQueue } from "../../../queues/mod.ts";
import { refuseMemory } from "../jobs/work_until_stopped.ts";
import { ENGINE_VARIABLE, engineUrl } from "../pipelines/open_carrier.ts";
import type { CommandContext } from "../program/command.ts";
import type { HandlerOptions } from "../../server/options.ts";

export interface ServeJobsFlags {
  queue?: string;
  uploadTask?: string;
}

/**
 * Opens the queue that is named, if one is. What is uploaded becomes a job of the task, which a worker with
 * `holdfast worker --tasks` does.
 */
export async function openServedJobs(
  { queue: given, uploadTask }: ServeJobsFlags,
  context: CommandContext,
): Promise<Pick<HandlerOptions, "jobs" | "upload">> {
  const { system } = context.io;
  if (given === undefined && !system.env(ENGINE_VARIABLE)) {
    if (uploadTask === undefined) return {};
    throw fault({
      code: "Invalid",
      action: "give uploads to",
      subject: JSON.stringify(uploadTask),
      state: "no queue is named",
      hint: `Add --queue redis://127.0.0.1:6379, or set ${ENGINE_VARIABLE}.`,
    });
  }
  const url = engineUrl(given, context, "--queue");
  refuseMemory(url);
  const jobs = await openQueue(url, { system });
  if (uploadTask === undefined) return { jobs };
  const schedule: NonNullable<HandlerOptions["upload"]>["schedule"] = async (
    uploaded,
    { idempotencyKey: id },
  ) => {
    await jobs.add({ id, ...taskJob({ task: uploadTask, behaviors: [], input: { ...uploaded } }) });
    return id;
  };
  return { jobs, upload: { schedule } };
}
