// The built-in job runners and job storages. Their dependencies are imported when one is created.
// Each ignores the settings of the others, so that changing its name is enough to replace it.
import { described } from "../../core/text/described.ts";
import type { AnyDefinition } from "../sets/make_plugin.ts";
import { REDIS_ENVIRONMENT, SERVER, SERVER_SECRETS, serverUrl } from "../sets/server.ts";
import { count, defineSettings, type Setting, text } from "../sets/settings.ts";

const ALL = ["background", "concurrency", "storage", ...Object.keys(SERVER), "queue"];

const heldBackground: Setting = {
  problemOf: (value) =>
    typeof (value as { add?: unknown })?.add === "function"
      ? undefined
      : `it is ${described(value)}, not a background`,
};

const queue: Setting = {
  problemOf: (value) =>
    /^[A-Za-z0-9_.-]{1,100}$/.test(String(value))
      ? undefined
      : "it is not a queue name: 1 to 100 of A-Z a-z 0-9 _ . -",
};

const memory: AnyDefinition = {
  config: defineSettings({ concurrency: count({ least: 1 }), storage: text }, { others: ALL }),
  secrets: ["storage"],
  crossesProcess: false,
  create: async (config, context) =>
    (await import("./open_runners.ts")).openMemoryRunner(config, context),
};

const background: AnyDefinition = {
  config: defineSettings({ background: heldBackground, storage: text }, { others: ALL }),
  secrets: ["storage"],
  aliases: { background_tasks: "background" },
  crossesProcess: false,
  create: async (config, context) =>
    (await import("./open_runners.ts")).openBackgroundRunner(config, context),
};

const onServer = (kind: "redis" | "postgres", env: AnyDefinition["env"]): AnyDefinition => ({
  config: defineSettings({ ...SERVER, queue }, { others: ALL }),
  crossesProcess: true,
  env,
  secrets: SERVER_SECRETS,
  create: async (config, { system }) =>
    (await import("./open_runners.ts")).openServerRunner(
      serverUrl(kind, config, { queue: config.queue }),
      system,
    ),
});

export const RUNNERS: Readonly<Record<string, AnyDefinition>> = {
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
};

const STORAGE = { ...SERVER, jobs: text, keepMs: count({ least: 1 }) };

const memoryStorage: AnyDefinition = {
  config: defineSettings({}, { others: Object.keys(STORAGE) }),
  create: async () => (await import("../../queues/job_storage.ts")).openJobStorage("memory:"),
};

export const JOB_STORAGES: Readonly<Record<string, AnyDefinition>> = {
  memory: memoryStorage,
  in_memory: memoryStorage,
  redis: {
    config: defineSettings(STORAGE),
    aliases: { keep_ms: "keepMs" },
    env: REDIS_ENVIRONMENT,
    secrets: SERVER_SECRETS,
    async create({ jobs, keepMs, ...server }, { system }) {
      const url = serverUrl("redis", server, { jobs });
      const { openJobStorage } = await import("../../queues/job_storage.ts");
      return await openJobStorage(url, { keepMs, system });
    },
  },
};
