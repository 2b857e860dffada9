// Jobs in memory.
import type { JobState, NewJob, QueuedJob } from "../queue.ts";
import type { PlainValue } from "../../../materializers/mod.ts";
import { withDeadline } from "../../../core/kernel.ts";

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
export async function untilAltered(entry: Entry, signal?: AbortSignal): Promise<void> {
  const { promise, resolve: notify } = Promise.withResolvers<void>();
  entry.watchers.add(notify);
  await withDeadline(promise, { signal }).finally(() => entry.watchers.delete(notify));
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
