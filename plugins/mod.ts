/**
 * Plugins: contracts and named implementations, behaviors around a function, and tasks that run
 * now, later, or on another machine. Importing this module downloads no package: the dependencies
 * of a plugin are imported when it is created.
 *
 * @module
 */
export type { JobStorage as JobStorageContract } from "../queues/job_storage/contract.ts";
export type { EventBus as EventBusContract } from "../core/event_bus.ts";
export type * from "./job_runner.ts";
export type { PlainValue } from "../core/text/plain_value.ts";
export type { JobRunner as JobRunnerContract } from "./job_runner.ts";
export type * from "./contract.ts";
export type { Behavior as BehaviorContract } from "./contract.ts";
export { createPlugins } from "./create_plugins.ts";
export type { PluginsOptions } from "./create_plugins.ts";
export { defineInterface } from "./interface.ts";
export type {
  AnyInterface,
  Interface,
  InterfaceOf,
  InterfaceOptions,
  MethodName,
} from "./interface.ts";
export { Behavior, EventBus, JobRunner, JobStorage, Storage } from "./interfaces.ts";
export { createFileStorage, type FileStorageOptions } from "./storage/backend_storage.ts";
export type * from "./storage/file_storage.ts";
export { type Background, createBackground } from "./jobs/background.ts";
export {
  createQueueRunner,
  type QueueRunner,
  type QueueRunnerOptions,
  taskJob,
  workTasks,
  type WorkTasksOptions,
} from "./jobs/work_tasks.ts";
