// The buses of this library as plugins. What they stand on is imported when one is made.
import type { StandardSchema } from "../../core/standard_schema.ts";
import { database, port, REDIS_ENVIRONMENT, SERVER_SECRETS, serverUrl } from "../jobs/settings.ts";
import type { ServerRunnerSettings } from "../jobs/settings.ts";
import type { AnyDefinition } from "../sets/definition.ts";
import { count, defineSettings, text } from "../sets/settings.ts";

/** The settings of `memory`. */
export interface MemoryBusSettings {
  /** How many events are kept for a group whose subscriptions are slow, or gone. @default 100000 */
  maxEvents?: number;
}

/** The settings of `redis`: a URL, or the parts of one. */
export interface RedisBusSettings extends MemoryBusSettings, Omit<ServerRunnerSettings, "queue"> {
  /** The name of the bus. @default "holdfast" */
  bus?: string;
  /** After so long a member of a group that says nothing is taken for dead, milliseconds. @default 30000 */
  takeOverAfterMs?: number;
}

const PARTS = { url: text, host: text, port, db: database, user: text, password: text };
const KEPT = { maxEvents: count({ least: 1 }) };

const memorySettings: StandardSchema<MemoryBusSettings> = defineSettings(KEPT, {
  others: [...Object.keys(PARTS), "bus", "takeOverAfterMs"],
});

const redisSettings: StandardSchema<RedisBusSettings> = defineSettings({
  ...PARTS,
  ...KEPT,
  bus: text,
  takeOverAfterMs: count({ least: 1 }),
});

export const BUSES: Readonly<Record<string, AnyDefinition>> = {
  memory: {
    config: memorySettings,
    create: async (config, { system, logger }) =>
      (await import("./memory.ts")).createMemoryBus({ ...config, system, logger }),
  },
  redis: {
    config: redisSettings,
    env: REDIS_ENVIRONMENT,
    secrets: SERVER_SECRETS,
    create: async (config, { system, logger }) => {
      const { openEventBus } = await import("./mod.ts");
      const { maxEvents, takeOverAfterMs }: RedisBusSettings = config;
      return await openEventBus(serverUrl("redis", config, { bus: config.bus }), {
        maxEvents,
        takeOverAfterMs,
        system,
        logger,
      });
    },
  },
};
