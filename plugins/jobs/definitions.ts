// The runners of this library. What they stand on is imported when one is made.
import type { AnyDefinition } from "../sets/definition.ts";
import {
  backgroundRunnerSettings,
  memoryRunnerSettings,
  REDIS_ENVIRONMENT,
  SERVER_SECRETS,
  serverRunnerSettings,
} from "./settings.ts";

const memory: AnyDefinition = {
  config: memoryRunnerSettings,
  secrets: ["storage"],
  crossesProcess: false,
  create: async (config, context) => (await import("../jobs.ts")).openMemoryRunner(config, context),
};

const background: AnyDefinition = {
  config: backgroundRunnerSettings,
  secrets: ["storage"],
  aliases: { background_tasks: "background" },
  crossesProcess: false,
  create: async (config, context) =>
    (await import("../jobs.ts")).openBackgroundRunner(config, context),
};

export const RUNNERS: Readonly<Record<string, AnyDefinition>> = {
  background,
  fastapi: background,
  memory,
  in_memory: memory,
  redis: {
    config: serverRunnerSettings,
    crossesProcess: true,
    env: REDIS_ENVIRONMENT,
    secrets: SERVER_SECRETS,
    create: async (config, { system }) =>
      (await import("../jobs.ts")).openServerRunner(config, { kind: "redis", system }),
  },
  postgres: {
    config: serverRunnerSettings,
    crossesProcess: true,
    aliases: { database: "db" },
    env: {
      host: "PGHOST",
      port: "PGPORT",
      db: "PGDATABASE",
      user: "PGUSER",
      password: "PGPASSWORD",
    },
    secrets: SERVER_SECRETS,
    create: async (config, { system }) =>
      (await import("../jobs.ts")).openServerRunner(config, { kind: "postgres", system }),
  },
};
