// What is told of a job that BullMQ keeps.
import type { JobState, QueuedJob } from "../../core/services/queue.ts";
import type { PlainValue } from "../../core/text/plain_value.ts";
import { cancellationOf, formOf, type ProgressForm } from "./job_form.ts";

export type Place = "delayed" | "prioritized" | "waiting" | "active" | "completed" | "failed";

/** In the order in which a job goes through them, so that one that moves on while they are read is seen. */
const PLACES: readonly [Place, JobState][] = [
  ["delayed", "delayed"],
  ["prioritized", "waiting"],
  ["waiting", "waiting"],
  ["active", "running"],
  ["completed", "done"],
  ["failed", "failed"],
];

/** The places where jobs of a state may be; one that is cancelled is only marked. */
export function placesOf(state: JobState | undefined): Place[] {
  return PLACES.filter(([, its]) =>
    state === undefined || its === state ||
    (state === "cancelled" && its !== "running" && its !== "done")
  ).map(([place]) => place);
}

export function stateOf(place: string): JobState {
  return PLACES.find(([its]) => its === place)?.[1] ?? "waiting";
}

export interface StoredJob {
  id?: string;
  name: string;
  data: unknown;
  progress: unknown;
  opts: { attempts?: number };
  attemptsMade: number;
  stalledCounter?: number;
  timestamp: number;
  processedOn?: number;
  finishedOn?: number;
  returnvalue: unknown;
  failedReason?: string;
}

export function told(job: StoredJob, state: JobState): QueuedJob {
  const { id, name: kind, attemptsMade, timestamp, processedOn, finishedOn, failedReason } = job;
  const { group, data } = formOf(job);
  const cancelled = cancellationOf(job);
  // It may have ended by itself before it was marked: one that was cancelled failed with that as its reason.
  const other = state === "done" || state === "running" ||
    (state === "failed" && failedReason !== cancelled);
  const shown = cancelled === undefined || other ? state : "cancelled";
  const progress = (job.progress as Partial<ProgressForm> | null)?.said;
  return {
    ...{ id: id!, kind, group, data, state: shown, attempts: job.opts.attempts ?? 1, attemptsMade },
    ...(job.stalledCounter ? { takenOver: job.stalledCounter } : {}),
    addedAt: new Date(timestamp || 0), // whatever another program wrote there
    ...(processedOn ? { startedAt: new Date(processedOn) } : {}),
    ...(finishedOn ? { endedAt: new Date(finishedOn) } : {}),
    ...(progress === undefined ? {} : { progress }),
    ...(shown === "done" ? { result: (job.returnvalue ?? null) as PlainValue } : {}),
    ...(shown === "cancelled"
      ? { reason: cancelled }
      : shown === "failed"
      ? { reason: failedReason }
      : {}),
  };
}
