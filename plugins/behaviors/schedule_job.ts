// The behavior that schedules the rest of a task as a job.
import { MOST_MS, MOST_PRIORITY } from "../../queues/checks/queue_checks.ts";
import type { PluginDefinition, RemainderOptions } from "../contract.ts";
import { type Behavior, JobRunner } from "../interfaces.ts";
import { count, defineSettings, type Setting, text } from "../sets/settings.ts";

interface ScheduleSettings extends RemainderOptions {
  jobType: string;
}

const OWN: Record<string, Setting> = {
  jobType: { ...text, otherwise: "background" },
  delayMs: count({ least: 0, most: MOST_MS }),
  priority: count({ least: 0, most: MOST_PRIORITY }),
  attempts: count({ least: 1 }),
  backoffMs: count({ least: 0, most: MOST_MS }),
};

/**
 * `schedule_job`: gives the rest of the task to a runner and returns `{ scheduled: true, jobId }`
 * at once.
 */
export const scheduleJob: PluginDefinition<Behavior> = {
  config: defineSettings(OWN, { others: "kept" }),
  aliases: { job_type: "jobType", delay_ms: "delayMs", backoff_ms: "backoffMs" },
  uses: { interface: JobRunner, key: "jobType", fallback: "background", settings },
  consumes: [],
  create: () => ({
    async execute(_next, input, { config, plugins, remainder }) {
      const own = config as unknown as ScheduleSettings;
      const runner = await plugins.shared(JobRunner, own.jobType, settings(config));
      const { delayMs, priority, attempts, backoffMs } = own;
      const options = { delayMs, priority, attempts, backoffMs };
      return { scheduled: true, jobId: await remainder.schedule(runner, input, options) };
    },
  }),
};

function settings(config: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(config).filter(([name]) => !Object.hasOwn(OWN, name)));
}
