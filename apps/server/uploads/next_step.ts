// What becomes of what was uploaded.
import type { SavedArtifact } from "../../../mod.ts";

/** What an upload was saved as. Plain data: it travels with the job. */
export interface UploadedVersion {
  name: string;
  version: string;
  /** Both, as `load` takes them. */
  ref: string;
  commit: string;
  /** SHA-256 of the content. */
  digest: string;
  /** Bytes of all files. */
  size: number;
}

/** What becomes of uploads. */
export interface UploadOptions {
  /**
   * A task of `./plugins`, submitted with an {@linkcode UploadedVersion}. With the behavior `schedule_job` it runs later,
   * and the client is told the job; else the client waits, and is told the result.
   */
  task?: { submit(input: unknown, options: { idempotencyKey: string }): Promise<unknown> };
  /** Or what schedules the next step in a way of its own, and gives the id of the job. */
  schedule?: (
    uploaded: UploadedVersion,
    options: { idempotencyKey: string },
  ) => string | Promise<string>;
}

export type NextStep = { jobId: string } | { result: unknown } | Record<never, never>;

/** Schedules the next step of an upload. A repeat has the same key, so that what is known under it is not done again. */
export async function scheduleNext(
  { name, version, commit, digest, size }: SavedArtifact,
  { upload: { task, schedule } = {} }: { upload?: UploadOptions },
): Promise<NextStep> {
  const uploaded: UploadedVersion = {
    name,
    version,
    ref: `${name}@${version}`,
    commit,
    digest,
    size,
  };
  const idempotencyKey = `upload-${commit}`;
  if (schedule !== undefined) return { jobId: await schedule(uploaded, { idempotencyKey }) };
  if (task === undefined) return {};
  const result = await task.submit(uploaded, { idempotencyKey });
  return isScheduled(result) ? { jobId: result.jobId } : { result };
}

function isScheduled(result: unknown): result is { jobId: string } {
  const said = result as { scheduled?: unknown; jobId?: unknown } | null | undefined;
  return said?.scheduled === true && typeof said.jobId === "string";
}
