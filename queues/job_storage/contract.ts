// The contract of what keeps what became of jobs that no queue remembers: those of this process
// after it has ended, and those of queues after they were forgotten.
import type { SignalOptions } from "../../core/registry.ts";
import type { ListJobsOptions, QueuedJob } from "../../core/queue.ts";

/** Keeps what became of jobs. */
export interface JobStorage extends AsyncDisposable {
  /** `memory`, `redis`, or yours. */
  readonly kind: string;
  /** Where it is, without secrets. */
  readonly location: string;
  put(job: QueuedJob, options?: SignalOptions): Promise<void>;
  /** What was kept of a job; undefined where nothing is. */
  get(id: string, options?: SignalOptions): Promise<QueuedJob | undefined>;
  /** The jobs that are kept, by the time they were added, the newest first. */
  list(options?: ListJobsOptions): Promise<QueuedJob[]>;
  /** Forgets a job; true if there was one. */
  remove(id: string, options?: SignalOptions): Promise<boolean>;
}
