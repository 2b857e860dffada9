// The built-in event buses. Their dependencies are imported when one is created.
import type { AnyDefinition } from "../sets/make_plugin.ts";
import { REDIS_ENVIRONMENT, SERVER, SERVER_SECRETS, serverUrl } from "../sets/server.ts";
import { count, defineSettings, text } from "../sets/settings.ts";

const KEPT = { maxEvents: count({ least: 1 }) };
const REDIS = { ...SERVER, ...KEPT, bus: text, takeOverAfterMs: count({ least: 1 }) };

export const BUSES: Readonly<Record<string, AnyDefinition>> = {
  memory: {
    config: defineSettings(KEPT, { others: Object.keys(REDIS) }),
    create: async (config, { system, logger }) =>
      (await import("./memory.ts")).createMemoryBus({ ...config, system, logger }),
  },
  redis: {
    config: defineSettings(REDIS),
    env: REDIS_ENVIRONMENT,
    secrets: SERVER_SECRETS,
    create: async ({ maxEvents, takeOverAfterMs, bus, ...server }, { system, logger }) => {
      const options = { maxEvents, takeOverAfterMs, system, logger };
      const { openEventBus } = await import("./mod.ts");
      return await openEventBus(serverUrl("redis", server, { bus }), options);
    },
  },
};
