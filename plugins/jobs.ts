/**
 * Job runners for `schedule_job`, and workers for tasks. Importing this module downloads no
 * package: the client of Redis or PostgreSQL is imported when its runner is created.
 *
 * @module
 */
export type * from "./job_runner.ts";
export { type Background, createBackground } from "./jobs/background.ts";
export {
  createQueueRunner,
  type QueueRunner,
  type QueueRunnerOptions,
  taskJob,
  workTasks,
  type WorkTasksOptions,
} from "./jobs/work_tasks.ts";
