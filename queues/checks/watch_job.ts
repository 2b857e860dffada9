// What becomes of a job, as events that can be resumed: each is what was known of the job then, and
// its id is made of that. So nobody keeps events, and whoever comes back, to whichever process,
// hears of what is new.
import { crc32c } from "../../core/bytes/digest.ts";
import type { JobEvent, QueuedJob, WatchJobOptions } from "../../core/queue.ts";

export interface WatchedJob {
  /** What is known of the job now; undefined where nothing is. */
  look(): Promise<QueuedJob | undefined>;
  /** Resolves when it is time to look again; asked before the look. Rejects with the signal's reason. */
  next(signal?: AbortSignal): Promise<void>;
}

/** Says what is known of a job whenever that is something else, until it has ended or is forgotten. */
export async function* watchJob(
  { look, next }: WatchedJob,
  options: WatchJobOptions = {},
): AsyncIterable<JobEvent> {
  const { signal } = options;
  let heard = options.after;
  for (;;) {
    signal?.throwIfAborted();
    const over = new AbortController();
    const changed = next(
      signal === undefined ? over.signal : AbortSignal.any([signal, over.signal]),
    );
    changed.catch(() => {}); // it is heard below, where somebody waits for it
    try {
      const job = await look();
      if (job === undefined) return;
      const id = eventId(job);
      if (id !== heard) yield { id: heard = id, job };
      if (hasEnded(job)) return;
      await changed;
    } finally {
      over.abort();
    }
  }
}

export function hasEnded({ state }: Pick<QueuedJob, "state">): boolean {
  return state === "done" || state === "failed" || state === "cancelled";
}

function eventId({ state, attemptsMade, startedAt, endedAt, progress = null }: QueuedJob): string {
  const said = JSON.stringify([startedAt?.getTime(), endedAt?.getTime(), progress]);
  return `${attemptsMade}-${state}-${crc32c(new TextEncoder().encode(said)).toString(16)}`;
}
