// Jobs in memory.
import type { JobState, NewJob, QueuedJob } from "../queue.ts";
import type { PlainValue } from "../../../core/kernel.ts";

export interface Entry {
  job: NewJob;
  state: JobState;
  attemptsMade: number;
  /** Milliseconds since 1970. */
  addedAt: number;
  startedAt?: number;
  endedAt?: number;
  progress?: PlainValue;
  result?: PlainValue;
  reason?: string;
  cancelled?: string;
  controller?: AbortController;
  /** The id of its schedule, until the next job of that is planned. */
  schedule?: string;
  watchers: Set<() => void>;
}

export function alter(entry: Entry, changes: Partial<Entry>): void {
  Object.assign(entry, changes);
  const { watchers } = entry;
  entry.watchers = new Set();
  watchers.forEach((notify) => notify());
}

/** Resolves at the next change of a job; rejects with the signal's reason. */
export function untilAltered(entry: Entry, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const stop = () => {
      entry.watchers.delete(notify);
      reject(signal?.reason);
    };
    const notify = () => {
      signal?.removeEventListener("abort", stop);
      resolve();
    };
    entry.watchers.add(notify);
    signal?.addEventListener("abort", stop, { once: true });
  });
}

/** Returns the current state of a job. It shares the data, which never changes in place. */
export function viewOf(entry: Entry): QueuedJob {
  const { job: { id, group, kind, data, attempts = 1 }, state, attemptsMade, addedAt } = entry;
  const { startedAt, endedAt, progress, result, reason } = entry;
  return {
    id,
    group,
    kind,
    data,
    state,
    attempts,
    attemptsMade,
    addedAt: new Date(addedAt),
    ...startedAt !== undefined && { startedAt: new Date(startedAt) },
    ...endedAt !== undefined && { endedAt: new Date(endedAt) },
    ...progress !== undefined && { progress },
    ...state === "done" && { result: result ?? null },
    ...(state === "failed" || state === "cancelled") && { reason },
  };
}
