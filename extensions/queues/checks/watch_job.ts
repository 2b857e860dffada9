// Changes of a job as events that can be resumed. The id of an event is derived from the state of
// the job, so no events are stored, and a reader that returns receives only what is new.
import type { JobEvent, QueuedJob, WatchJobOptions } from "../queue.ts";
import { crc32c, eitherSignal } from "../../../core/kernel.ts";

interface WatchedJob {
  read(): Promise<QueuedJob | undefined>;
  /** Resolves at the next change. Called before `read`. Rejects with the signal's reason. */
  next(signal?: AbortSignal): Promise<void>;
}

/** Yields a job whenever it changes, until it ends or is removed. */
export async function* watchJob(
  { read, next }: WatchedJob,
  options: WatchJobOptions = {},
): AsyncIterable<JobEvent> {
  const { signal } = options;
  let last = options.after;
  for (;;) {
    signal?.throwIfAborted();
    const ended = new AbortController();
    const changed = next(eitherSignal(ended.signal, signal));
    changed.catch(() => {}); // awaited below
    try {
      const job = await read();
      if (job === undefined) return;
      const id = eventId(job);
      if (id !== last) yield { id: last = id, job };
      if (hasEnded(job)) return;
      await changed;
    } finally {
      ended.abort();
    }
  }
}

function hasEnded({ state }: Pick<QueuedJob, "state">): boolean {
  return state === "done" || state === "failed" || state === "cancelled";
}

function eventId({ state, attemptsMade, startedAt, endedAt, progress = null }: QueuedJob): string {
  const digest = JSON.stringify([startedAt?.getTime(), endedAt?.getTime(), progress]);
  return `${attemptsMade}-${state}-${crc32c(new TextEncoder().encode(digest)).toString(16)}`;
}
