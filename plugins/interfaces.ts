// The interfaces that plugins of this library have.
import type { EventBus as EventBusContract } from "../core/event_bus.ts";
import type { JobRunner as JobRunnerContract } from "./job_runner.ts";
import type { JobStorage as JobStorageContract } from "../queues/job_storage/contract.ts";
import type { Behavior as BehaviorContract } from "./contract.ts";
import { defineInterface, type Interface } from "./interface.ts";
import type { FileStorage } from "./storage/file_storage.ts";

/** Files by path, in a folder or a bucket: what `storage_write` and `storage_read` use. */
export const Storage: Interface<FileStorage> = defineInterface<FileStorage>("storage", {
  methods: ["writeFile", "readFile", "openFile", "exists", "delete", "list"],
});

/** What lets the remainder of a task run later: what `schedule_job` uses. */
export type JobRunner = JobRunnerContract;
/** The interface of job runners. */
export const JobRunner: Interface<JobRunnerContract> = defineInterface<JobRunnerContract>(
  "job_runner",
  { methods: ["schedule"] },
);

/** What keeps what became of jobs that no queue remembers. */
export type JobStorage = JobStorageContract;
/** The interface of storages of jobs. */
export const JobStorage: Interface<JobStorageContract> = defineInterface<JobStorageContract>(
  "job_storage",
  { methods: ["put", "get", "list", "remove"] },
);

/** What carries events to whoever has subscribed. */
export type EventBus = EventBusContract;
/** The interface of buses of events. */
export const EventBus: Interface<EventBusContract> = defineInterface<EventBusContract>(
  "event_bus",
  { methods: ["publish", "subscribe", "listen"] },
);

/** What surrounds the remainder of a task. */
export type Behavior = BehaviorContract;
/** The interface of behaviors. */
export const Behavior: Interface<BehaviorContract> = defineInterface<BehaviorContract>("behavior", {
  methods: ["execute"],
});
