// The behavior that schedules the rest of a task as a job.
import { MOST_MS, MOST_PRIORITY } from "../../queues/checks/queue_checks.ts";
import type { InferOutput } from "../../../registry/mod.ts";
import type { PluginDefinition } from "../contract.ts";
import { type Behavior, JobRunner } from "../interfaces.ts";
import { count, defineSettings, text } from "../sets/settings.ts";

const OWN = {
  jobType: { ...text, otherwise: "background" },
  delayMs: count({ least: 0, most: MOST_MS }),
  priority: count({ least: 0, most: MOST_PRIORITY }),
  attempts: count({ least: 1 }),
  backoffMs: count({ least: 0, most: MOST_MS }),
};
const SETTINGS = defineSettings(OWN, { others: "kept" });

/**
 * `schedule_job`: gives the rest of the task to a runner and returns `{ scheduled: true, jobId }`
 * at once.
 */
export const scheduleJob: PluginDefinition<Behavior, InferOutput<typeof SETTINGS>> = {
  config: SETTINGS,
  aliases: { job_type: "jobType", delay_ms: "delayMs", backoff_ms: "backoffMs" },
  uses: { interface: JobRunner, key: "jobType", fallback: "background", settings },
  consumes: [],
  create: ({ jobType, delayMs, priority, attempts, backoffMs }) => ({
    async execute(_next, input, { config, plugins, remainder }) {
      const runner = await plugins.shared(JobRunner, jobType, settings(config));
      const options = { delayMs, priority, attempts, backoffMs };
      return { scheduled: true, jobId: await remainder.schedule(runner, input, options) };
    },
  }),
};

function settings(config: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(config).filter(([name]) => !Object.hasOwn(OWN, name)));
}
