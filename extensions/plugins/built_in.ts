// The built-in plugins. Their dependencies are imported when one is created. Those of a kind ignore
// the settings of the others, so that changing the name is enough to replace one.
import { retry, timeout } from "./behaviors/attempts.ts";
import { cache } from "./behaviors/cache.ts";
import { scheduleJob } from "./behaviors/schedule_job.ts";
import { storageRead, storageWrite } from "./behaviors/storage.ts";
import { trace } from "./behaviors/trace.ts";
import { validate } from "./behaviors/validate.ts";
import { CELERY_SETTINGS, celeryRunner } from "./celery/definition.ts";
import { type AnyInterface, interfaceOf } from "./interface.ts";
import { Behavior, EventBus, JobRunner, JobStorage, Storage } from "./interfaces.ts";
import { STORAGE_PLUGINS } from "./storage/definitions.ts";
import type { AnyDefinition } from "./sets/make_plugin.ts";
import type { PluginTable } from "./sets/plugin_table.ts";
import { REDIS_ENVIRONMENT, SERVER, SERVER_SECRETS, serverUrl } from "./sets/server.ts";
import { count, defineSettings, type Setting, text } from "./sets/settings.ts";
import { described } from "../../core/kernel.ts";

/** Settings of all runners, in all spellings. */
const RUNNER_SETTINGS = ["background", "background_tasks", "concurrency", "storage", "queue"]
  .concat("database", Object.keys(SERVER), CELERY_SETTINGS);

const heldBackground: Setting = {
  problemOf: (value) =>
    typeof (value as { add?: unknown })?.add === "function"
      ? undefined
      : `it is ${described(value)}, not a background`,
};

const queue: Setting<string> = {
  problemOf: (value) =>
    /^[A-Za-z0-9_.-]{1,100}$/.test(String(value))
      ? undefined
      : "it is not a queue name: 1 to 100 of A-Z a-z 0-9 _ . -",
};

const memory: AnyDefinition = {
  config: defineSettings({ concurrency: count({ least: 1 }), storage: text }, {
    others: RUNNER_SETTINGS,
  }),
  secrets: ["storage"],
  crossesProcess: false,
  create: async (config, context) =>
    (await import("./jobs/open_runners.ts")).openMemoryRunner(config, context),
};

const background: AnyDefinition = {
  config: defineSettings({ background: heldBackground, storage: text }, {
    others: RUNNER_SETTINGS,
  }),
  secrets: ["storage"],
  aliases: { background_tasks: "background" },
  crossesProcess: false,
  create: async (config, context) =>
    (await import("./jobs/open_runners.ts")).openBackgroundRunner(config, context),
};

const onServer = (kind: "redis" | "postgres", env: AnyDefinition["env"]): AnyDefinition => ({
  config: defineSettings({ ...SERVER, queue }, { others: RUNNER_SETTINGS }),
  crossesProcess: true,
  env,
  secrets: SERVER_SECRETS,
  create: async (config, { system }) =>
    (await import("./jobs/open_runners.ts")).openServerRunner(
      serverUrl(kind, config, { queue: config.queue }),
      system,
    ),
});

const RUNNERS: Readonly<Record<string, AnyDefinition>> = {
  background,
  fastapi: background,
  memory,
  in_memory: memory,
  redis: onServer("redis", REDIS_ENVIRONMENT),
  postgres: {
    ...onServer("postgres", {
      host: "PGHOST",
      port: "PGPORT",
      db: "PGDATABASE",
      user: "PGUSER",
      password: "PGPASSWORD",
    }),
    aliases: { database: "db" },
  },
  celery: celeryRunner({ queue, others: RUNNER_SETTINGS }),
};

const JOB_STORAGE = { ...SERVER, jobs: text, keepMs: count({ least: 1 }) };

const memoryStorage: AnyDefinition = {
  config: defineSettings({}, { others: [...Object.keys(JOB_STORAGE), "keep_ms"] }),
  create: async () => (await import("../queues/job_storage.ts")).openJobStorage("memory:"),
};

const JOB_STORAGES: Readonly<Record<string, AnyDefinition>> = {
  memory: memoryStorage,
  in_memory: memoryStorage,
  redis: {
    config: defineSettings(JOB_STORAGE),
    aliases: { keep_ms: "keepMs" },
    env: REDIS_ENVIRONMENT,
    secrets: SERVER_SECRETS,
    async create({ jobs, keepMs, ...server }, { system }) {
      const url = serverUrl("redis", server, { jobs });
      const { openJobStorage } = await import("../queues/job_storage.ts");
      return await openJobStorage(url, { keepMs, system });
    },
  },
};

const BUS = { maxEvents: count({ least: 1 }) };
const REDIS_BUS = { ...SERVER, ...BUS, bus: text, takeOverAfterMs: count({ least: 1 }) };

const BUSES: Readonly<Record<string, AnyDefinition>> = {
  memory: {
    config: defineSettings(BUS, { others: Object.keys(REDIS_BUS) }),
    create: async (config, { system, logger }) =>
      (await import("./events/memory.ts")).createMemoryBus({ ...config, system, logger }),
  },
  redis: {
    config: defineSettings(REDIS_BUS),
    env: REDIS_ENVIRONMENT,
    secrets: SERVER_SECRETS,
    create: async ({ maxEvents, takeOverAfterMs, bus, ...server }, { system, logger }) => {
      const options = { maxEvents, takeOverAfterMs, system, logger };
      const { openEventBus } = await import("./events/mod.ts");
      return await openEventBus(serverUrl("redis", server, { bus }), options);
    },
  },
};

const BEHAVIORS = {
  storage_write: storageWrite,
  storage_read: storageRead,
  schedule_job: scheduleJob,
  retry,
  timeout,
  cache,
  validate,
  trace,
};

const BUILT_IN: readonly [AnyInterface, Readonly<Record<string, AnyDefinition>>][] = [
  [Storage, STORAGE_PLUGINS],
  [JobRunner, RUNNERS],
  [JobStorage, JOB_STORAGES],
  [EventBus, BUSES],
  [Behavior, BEHAVIORS],
];

export function registerBuiltIn(table: PluginTable): void {
  for (const [selector, definitions] of BUILT_IN) {
    for (const [name, definition] of Object.entries(definitions)) {
      table.add(interfaceOf(selector), name, definition);
    }
  }
}
