/**
 * Job runners for `schedule_job`, and workers for tasks. Importing this module downloads no
 * package: the client of Redis or PostgreSQL is imported when its runner is created.
 *
 * @module
 */
export type * from "./job_runner.ts";
export type { JobStorage } from "../queues/job_storage/contract.ts";
export type * from "../core/queue.ts";
export type { SignalOptions } from "../core/registry.ts";
export type { System } from "../core/system.ts";
export type { PlainValue } from "../core/text/plain_value.ts";
export { type Background, createBackground } from "./jobs/background.ts";
export {
  createQueueRunner,
  type QueueRunner,
  type QueueRunnerOptions,
  taskJob,
  workTasks,
  type WorkTasksOptions,
} from "./jobs/work_tasks.ts";
