// The contract of storages for jobs that no queue keeps any more, and those of this process.
import type { SignalOptions } from "../../../registry/mod.ts";
import type { ListJobsOptions, QueuedJob } from "../queue.ts";

/** A storage of jobs. */
export interface JobStorage extends AsyncDisposable {
  /** `memory`, `redis`, or yours. */
  readonly kind: string;
  /** Its URL without secrets. */
  readonly location: string;
  put(job: QueuedJob, options?: SignalOptions): Promise<void>;
  /** Returns a stored job, if any. */
  get(id: string, options?: SignalOptions): Promise<QueuedJob | undefined>;
  /** Lists stored jobs by the time of their addition, the newest first. */
  list(options?: ListJobsOptions): Promise<QueuedJob[]>;
  /** Removes a job; false if there is none. */
  remove(id: string, options?: SignalOptions): Promise<boolean>;
}
