// A job in memory.
import type { JobState, NewJob, QueuedJob } from "../../core/queue.ts";
import type { PlainValue } from "../../core/text/plain_value.ts";

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
  /** The id of the schedule that it is of, until the next one of that is planned. */
  schedule?: string;
  watchers: Set<() => void>;
}

export function alter(entry: Entry, how: Partial<Entry>): void {
  Object.assign(entry, how);
  const { watchers } = entry;
  entry.watchers = new Set();
  watchers.forEach((tell) => tell());
}

/** Resolves when something has become of it; rejects with the signal's reason. */
export function untilAltered(entry: Entry, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const stop = () => {
      entry.watchers.delete(tell);
      reject(signal!.reason);
    };
    const tell = () => {
      signal?.removeEventListener("abort", stop);
      resolve();
    };
    entry.watchers.add(tell);
    signal?.addEventListener("abort", stop, { once: true });
  });
}

export function told(entry: Entry): QueuedJob {
  const { job: { id, group, kind, data, attempts = 1 }, state, attemptsMade, addedAt } = entry;
  const { startedAt, endedAt, progress, result, reason } = entry;
  return {
    ...{
      id,
      group,
      kind,
      data: structuredClone(data),
      state,
      attempts,
      attemptsMade,
      addedAt: new Date(addedAt),
    },
    ...(startedAt === undefined ? {} : { startedAt: new Date(startedAt) }),
    ...(endedAt === undefined ? {} : { endedAt: new Date(endedAt) }),
    ...(progress === undefined ? {} : { progress: structuredClone(progress) }),
    ...(state === "done" ? { result: structuredClone(result ?? null) } : {}),
    ...(state === "failed" || state === "cancelled" ? { reason } : {}),
  };
}
