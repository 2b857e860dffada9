// The plugins of this library. What they stand on is imported when one is made.
import { retry, timeout } from "../behaviors/attempts.ts";
import { cache } from "../behaviors/cache.ts";
import { scheduleJob } from "../behaviors/schedule_job.ts";
import { storageRead, storageWrite } from "../behaviors/storage.ts";
import { trace } from "../behaviors/trace.ts";
import { validate } from "../behaviors/validate.ts";
import { BUSES } from "../events/definitions.ts";
import { contractOf } from "../interface.ts";
import { Behavior, EventBus, JobRunner, JobStorage, Storage } from "../interfaces.ts";
import { RUNNERS } from "../jobs/definitions.ts";
import { JOB_STORAGES } from "../jobs/storage_definitions.ts";
import {
  gcsSettings,
  localSettings,
  memorySettings,
  s3Settings,
  STORAGE_ALIASES,
  STORAGE_SECRETS,
} from "../storage/settings.ts";
import type { AnyDefinition } from "./definition.ts";
import type { PluginTable } from "./plugin_table.ts";

export function registerBuiltIn(table: PluginTable): void {
  for (const [name, definition] of Object.entries(STORAGES)) {
    table.add(contractOf(Storage), name, definition);
  }
  for (const [name, definition] of Object.entries(RUNNERS)) {
    table.add(contractOf(JobRunner), name, definition);
  }
  for (const [name, definition] of Object.entries(JOB_STORAGES)) {
    table.add(contractOf(JobStorage), name, definition);
  }
  for (const [name, definition] of Object.entries(BUSES)) {
    table.add(contractOf(EventBus), name, definition);
  }
  for (const [name, definition] of Object.entries(BEHAVIORS)) {
    table.add(contractOf(Behavior), name, definition);
  }
}

const BEHAVIORS: Record<string, AnyDefinition> = {
  storage_write: storageWrite,
  storage_read: storageRead,
  schedule_job: scheduleJob,
  retry,
  timeout,
  cache,
  validate,
  trace,
};

const local: AnyDefinition = {
  config: localSettings,
  aliases: STORAGE_ALIASES,
  env: { path: "LOCAL_STORAGE_PATH" },
  secrets: STORAGE_SECRETS,
  create: async (config, context) =>
    (await import("../storage.ts")).openLocalStorage(config, context),
};

const s3: AnyDefinition = {
  config: s3Settings,
  aliases: STORAGE_ALIASES,
  secrets: STORAGE_SECRETS,
  create: async (config, { system, logger }) =>
    (await import("../storage.ts")).openS3Storage(config, { provider: "s3", system, logger }),
};

const STORAGES: Record<string, AnyDefinition> = {
  local,
  local_file_storage: local,
  minio: {
    ...s3,
    env: {
      endpoint: "MINIO_ENDPOINT",
      accessKey: "MINIO_ACCESS_KEY",
      secretKey: "MINIO_SECRET_KEY",
      bucket: "MINIO_BUCKET",
    },
    create: async (config, { system, logger }) =>
      (await import("../storage.ts")).openS3Storage(config, { provider: "minio", system, logger }),
  },
  s3,
  gcs: {
    config: gcsSettings,
    aliases: STORAGE_ALIASES,
    env: { bucket: "GCS_BUCKET" },
    secrets: STORAGE_SECRETS,
    create: async (config, context) =>
      (await import("../storage.ts")).openGcsStorage(config, context),
  },
  memory: {
    config: memorySettings,
    aliases: STORAGE_ALIASES,
    secrets: STORAGE_SECRETS,
    create: async (config, context) =>
      (await import("../storage.ts")).openMemoryStorage(config, context),
  },
};
