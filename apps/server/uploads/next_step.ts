// The next step of an upload: a task, or a job.
import type { SavedArtifact, System } from "../../../mod.ts";
import { queueAnswer } from "../within_time.ts";

/** The version that an upload was saved as. Plain data, for jobs. */
export interface UploadedVersion
  extends Pick<SavedArtifact, "name" | "version" | "commit" | "digest" | "size"> {
  /** `name@version`, as `load` takes it. */
  ref: string;
}

/** The next step after an upload. */
export interface UploadOptions {
  /**
   * A task of `./plugins`, submitted with an {@linkcode UploadedVersion}. With the behavior
   * `schedule_job` it runs later and the client receives the id of the job. Otherwise the client
   * waits for the result.
   */
  task?: { submit(input: unknown, options: { idempotencyKey: string }): Promise<unknown> };
  /** Schedules the next step and returns the id of its job. Used instead of `task`. */
  schedule?: (
    uploaded: UploadedVersion,
    options: { idempotencyKey: string },
  ) => string | Promise<string>;
}

type NextStep = { jobId: string } | { result: unknown } | Record<never, never>;

/** Starts the next step of an upload. A repeat has the same idempotency key. */
export async function scheduleNext(
  { name, version, commit, digest, size }: SavedArtifact,
  { options: { upload: { task, schedule } = {} }, system }: {
    options: { upload?: UploadOptions };
    system: Pick<System, "sleep">;
  },
): Promise<NextStep> {
  const ref = `${name}@${version}`;
  const uploaded: UploadedVersion = { name, version, ref, commit, digest, size };
  const idempotencyKey = `upload-${commit}`;
  if (schedule !== undefined) {
    const hint = `${ref} is saved. Repeat the request with its Idempotency-Key to start the job.`;
    const scheduled = schedule(uploaded, { idempotencyKey });
    const settings = { system, hint, change: true };
    return {
      jobId: await queueAnswer("schedule the next step of an upload on", scheduled, settings),
    };
  }
  if (task === undefined) return {};
  const result = await task.submit(uploaded, { idempotencyKey });
  const { scheduled, jobId } = (result ?? {}) as { scheduled?: unknown; jobId?: unknown };
  return scheduled === true && typeof jobId === "string" ? { jobId } : { result };
}
