// The behavior that lets the remainder of a task run later.
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

/** `schedule_job`: gives the remainder to a runner, and `{ scheduled: true, jobId }` at once. */
export const scheduleJob: PluginDefinition<Behavior> = {
  config: defineSettings(OWN, { others: "kept" }),
  aliases: { job_type: "jobType", delay_ms: "delayMs", backoff_ms: "backoffMs" },
  uses: { interface: JobRunner, key: "jobType", fallback: "background", settings },
  consumes: [],
  create: () => ({
    async execute(_next, input, { config, plugins, remainder }) {
      const { jobType, delayMs, priority, attempts, backoffMs } =
        config as unknown as ScheduleSettings;
      const runner = await plugins.shared(JobRunner, jobType, settings(config));
      const jobId = await remainder.schedule(runner, input, {
        delayMs,
        priority,
        attempts,
        backoffMs,
      });
      return { scheduled: true, jobId };
    },
  }),
};

function settings(config: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(config).filter(([name]) => !Object.hasOwn(OWN, name)));
}
