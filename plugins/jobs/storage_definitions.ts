// What keeps what became of jobs, as plugins. What they stand on is imported when one is made.
import type { StandardSchema } from "../../core/standard_schema.ts";
import type { AnyDefinition } from "../sets/definition.ts";
import { count, defineSettings, text } from "../sets/settings.ts";
import { database, port, REDIS_ENVIRONMENT, SERVER_SECRETS, serverUrl } from "./settings.ts";
import type { ServerRunnerSettings } from "./settings.ts";

/** The settings of `redis`: a URL, or the parts of one. */
interface RedisJobStorageSettings extends Omit<ServerRunnerSettings, "queue"> {
  /** The name of the storage. @default "holdfast" */
  jobs?: string;
  /** A job is kept for so long after something became of it, milliseconds. @default 2592000000 (30 days) */
  keepMs?: number;
}

const REDIS = {
  url: text,
  host: text,
  port,
  db: database,
  user: text,
  password: text,
  jobs: text,
  keepMs: count({ least: 1 }),
};

const redisSettings: StandardSchema<RedisJobStorageSettings> = defineSettings(REDIS);

const memory: AnyDefinition = {
  config: defineSettings({}, { others: Object.keys(REDIS) }),
  create: async (_config, { system }) =>
    (await import("../../queues/job_storage.ts")).openJobStorage("memory:", { system }),
};

export const JOB_STORAGES: Readonly<Record<string, AnyDefinition>> = {
  memory,
  in_memory: memory,
  redis: {
    config: redisSettings,
    aliases: { keep_ms: "keepMs" },
    env: REDIS_ENVIRONMENT,
    secrets: SERVER_SECRETS,
    async create({ jobs, keepMs, ...server }: RedisJobStorageSettings, { system }) {
      const url = serverUrl("redis", server, { jobs });
      return await (await import("../../queues/job_storage.ts")).openJobStorage(url, {
        keepMs,
        system,
      });
    },
  },
};
