// The interfaces of built-in plugins.
import type { EventBus as EventBusContract } from "../core/event_bus.ts";
import type { JobRunner as JobRunnerContract } from "./job_runner.ts";
import type { JobStorage as JobStorageContract } from "../queues/job_storage/contract.ts";
import type { Behavior as BehaviorContract } from "./contract.ts";
import { defineInterface, type Interface } from "./interface.ts";
import type { FileStorage } from "./storage/file_storage.ts";

/** Interface of file storages, used by `storage_write` and `storage_read`. */
export const Storage: Interface<FileStorage> = defineInterface<FileStorage>("storage", {
  methods: ["writeFile", "readFile", "openFile", "exists", "delete", "list"],
});

/** A runner of jobs, used by `schedule_job`. */
export type JobRunner = JobRunnerContract;
/** Interface of job runners. */
export const JobRunner: Interface<JobRunnerContract> = defineInterface<JobRunnerContract>(
  "job_runner",
  { methods: ["schedule"] },
);

/** A store for the outcome of jobs that have left their queue. */
export type JobStorage = JobStorageContract;
/** Interface of job storages. */
export const JobStorage: Interface<JobStorageContract> = defineInterface<JobStorageContract>(
  "job_storage",
  { methods: ["put", "get", "list", "remove"] },
);

/** A bus that delivers events to subscribers. */
export type EventBus = EventBusContract;
/** Interface of event buses. */
export const EventBus: Interface<EventBusContract> = defineInterface<EventBusContract>(
  "event_bus",
  { methods: ["publish", "subscribe", "listen"] },
);

/** A wrapper around the rest of a task. */
export type Behavior = BehaviorContract;
/** Interface of behaviors. */
export const Behavior: Interface<BehaviorContract> = defineInterface<BehaviorContract>("behavior", {
  methods: ["execute"],
});
