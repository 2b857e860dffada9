// The behavior that logs when the rest of a task starts and ends.
import type { InferOutput } from "../../../registry/mod.ts";
import { messageOf, shown } from "../../../core/kernel.ts";
import type { PluginDefinition } from "../contract.ts";
import type { Behavior } from "../interfaces.ts";
import { defineSettings, text, word } from "../sets/settings.ts";

const SETTINGS = defineSettings({
  label: text,
  level: { ...word("debug", "info"), otherwise: "info" },
});

/** `trace`: logs start, end and failure with the duration, never inputs or results. */
export const trace: PluginDefinition<Behavior, InferOutput<typeof SETTINGS>> = {
  config: SETTINGS,
  consumes: [],
  create: ({ label, level }) => ({
    async execute(next, input, { logger, system, task, jobId }) {
      const name = `Task ${shown(label ?? task)}${jobId === undefined ? "" : ` (job ${jobId})`}`;
      const startedAt = system.monotonic();
      const passed = () => `${Math.round(system.monotonic() - startedAt)} ms`;
      logger[level](`${name} started`);
      try {
        const result = await next(input);
        logger[level](`${name} finished after ${passed()}`);
        return result;
      } catch (error) {
        logger.warn(`${name} failed after ${passed()}: ${messageOf(error)}`);
        throw error;
      }
    },
  }),
};
