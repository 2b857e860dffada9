// The built-in plugins. Their dependencies are imported when one is created.
import { retry, timeout } from "./behaviors/attempts.ts";
import { cache } from "./behaviors/cache.ts";
import { scheduleJob } from "./behaviors/schedule_job.ts";
import { storageRead, storageWrite } from "./behaviors/storage.ts";
import { trace } from "./behaviors/trace.ts";
import { validate } from "./behaviors/validate.ts";
import { BUSES } from "./events/definitions.ts";
import { type AnyInterface, contractOf } from "./interface.ts";
import { Behavior, EventBus, JobRunner, JobStorage, Storage } from "./interfaces.ts";
import { JOB_STORAGES, RUNNERS } from "./jobs/definitions.ts";
import { STORAGES } from "./storage/definitions.ts";
import type { AnyDefinition } from "./sets/make_plugin.ts";
import type { PluginTable } from "./sets/plugin_table.ts";

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
  [Storage, STORAGES],
  [JobRunner, RUNNERS],
  [JobStorage, JOB_STORAGES],
  [EventBus, BUSES],
  [Behavior, BEHAVIORS],
];

export function registerBuiltIn(table: PluginTable): void {
  for (const [plugin, definitions] of BUILT_IN) {
    for (const [name, definition] of Object.entries(definitions)) {
      table.add(contractOf(plugin), name, definition);
    }
  }
}
