// The interfaces of built-in plugins. Each name is the type of a plugin, and the value by which a
// plugin set finds plugins of that type: `plugins.create(JobRunner, "memory")` is a `JobRunner`.
import type { AnyTopics } from "../../core/registry/registry_events.ts";
import type * as events from "./events/event_bus.ts";
import type * as storages from "../queues/job_storage/contract.ts";
import type * as tasks from "./contract.ts";
import { defineInterface, type Interface } from "./interface.ts";
import type { FileStorage } from "./storage/file_storage.ts";

/** Interface of file storages, used by `storage_write` and `storage_read`. */
export const Storage: Interface<FileStorage> = defineInterface<FileStorage>("storage", {
  methods: ["writeFile", "readFile", "openFile", "exists", "delete", "list"],
});

export { JobRunner } from "./job_runner.ts";

/** A store for the outcome of jobs that have left their queue. */
export type JobStorage = storages.JobStorage;
/** Interface of job storages. */
export const JobStorage: Interface<JobStorage> = defineInterface<JobStorage>("job_storage", {
  methods: ["put", "get", "list", "remove"],
});

/** A bus that delivers events to subscribers. */
export type EventBus<T = AnyTopics> = events.EventBus<T>;
/** Interface of event buses. */
export const EventBus: Interface<EventBus> = defineInterface<EventBus>("event_bus", {
  methods: ["publish", "subscribe", "listen"],
});

/** A wrapper around the rest of a task. */
export type Behavior = tasks.Behavior;
/** Interface of behaviors. */
export const Behavior: Interface<Behavior> = defineInterface<Behavior>("behavior", {
  methods: ["execute"],
});
