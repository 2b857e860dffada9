/**
 * Plugins: interfaces and their named implementations, behaviors around a function, and tasks that run
 * now, later, or on another machine. Importing this module downloads no package: the dependencies
 * of a plugin are imported when it is created.
 *
 * A set has a table of factories by interface and name (`sets/`), and creates a plugin when it is
 * first asked for. A task is a chain of behaviors (`behaviors/`, `tasks/`); each may change the
 * input, run the rest, or hand the rest to a job runner (`jobs/`), which finds the task by its name
 * in another process.
 *
 * Unknown names are `NotFound` with the names that exist, taken names `AlreadyExists`, and wrong
 * configurations `Invalid`. A factory that throws is `TaskFailed`. Errors of plugins and of task
 * functions pass unchanged.
 *
 * @example
 * ```ts
 * import { createPlugins, Storage } from "@holdfast/holdfast/plugins";
 * import { assertEquals } from "@std/assert";
 *
 * await using plugins = createPlugins();
 * const storage = await plugins.shared(Storage, "memory"); // or "local", "minio", "s3", "gcs"
 * await storage.writeFile("notes.txt", new TextEncoder().encode("hello"));
 * assertEquals((await storage.readFile("notes.txt")).length, 5);
 * ```
 *
 * @module
 */
export type * from "./job_runner.ts";
export type { PlainValue } from "../../materializers/mod.ts";
export type * from "./contract.ts";
export type { CeleryJobs, CeleryRunner } from "./celery/contract.ts";
export { createPlugins } from "./create_plugins.ts";
export type { PluginsOptions } from "./create_plugins.ts";
export { defineInterface } from "./interface.ts";
export type {
  AnyInterface,
  Interface,
  InterfaceOf,
  InterfaceOptions,
  MethodName,
  UntypedInterface,
} from "./interface.ts";
export { Behavior, EventBus, JobStorage, Storage } from "./interfaces.ts";
export { JobRunner } from "./job_runner.ts";
export { createFileStorage } from "./storage/backend_storage.ts";
export type * from "./storage/file_storage.ts";
export { type Background, createBackground } from "./jobs/background.ts";
export { createQueueRunner, type QueueRunner, taskJob, workTasks } from "./jobs/work_tasks.ts";
