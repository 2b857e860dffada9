// The runner of Celery, without the client of Redis.
import type { SignalOptions } from "../../../registry/mod.ts";
import type { System } from "../../../mod.ts";
import type { JobQueue } from "../../queues/queue.ts";
import type { JobRunner } from "../job_runner.ts";

/** Jobs of a Celery application. Their states are those that its workers report. */
export interface CeleryJobs extends Pick<JobQueue, "kind" | "location" | "get" | "watch"> {
  /**
   * Revokes a job: workers that run now never start it. A job that has ended stays as it is.
   *
   * @throws {RegistryError} `NotFound` for an unknown job; `Unavailable` if no worker runs
   */
  cancel(
    id: string,
    options?: SignalOptions & {
      /** Ends the process that executes it, by SIGTERM. @default false: it finishes */
      terminate?: boolean;
    },
  ): Promise<void>;
}

/** The runner `celery`, whose jobs are executed by Python. */
export interface CeleryRunner extends JobRunner, AsyncDisposable {
  readonly queue: CeleryJobs;
}

export interface CeleryOptions {
  /** A `redis:` or `rediss:` URL. */
  broker: string;
  results: string;
  /** The queue of the workers. @default "celery" */
  queue?: string;
  system: Pick<System, "now" | "id" | "sleep">;
}
