// Jobs that BullMQ keeps, in the order of the places where they are.
import type { Queue } from "npm:bullmq@^6";
import { isReservedId, notListed } from "../checks/queue_checks.ts";
import type { JobState, ListJobsOptions, QueuedJob } from "../../core/queue.ts";
import { type Place, placesOf, readJob, stateOf, told, toldDamaged } from "./job_form.ts";

/** So many ids are asked for at once where only some jobs are wanted. */
const IDS_AT_ONCE = 1_000;
/** So many jobs are read at once. */
const READ_AT_ONCE = 200;

/** Lists the jobs that are asked for. Others are not read, but for the ids before them. */
export async function listJobs(
  queue: Queue,
  options: ListJobsOptions & { store: string },
): Promise<QueuedJob[]> {
  const { group, state, limit = Infinity, signal } = options;
  const found = new Map<string, QueuedJob>();
  for await (const { place, ids } of idsOf(queue, options)) {
    for (let from = 0; from < ids.length; from += READ_AT_ONCE) {
      if (found.size >= limit) return [...found.values()].slice(0, limit);
      signal?.throwIfAborted();
      const some = ids.slice(from, from + READ_AT_ONCE);
      for (const job of await Promise.all(some.map((id) => look(queue, id, stateOf(place))))) {
        const fits = (group === undefined || job?.group === group) &&
          (state === undefined || job?.state === state);
        if (job !== undefined && fits) found.set(job.id, job);
      }
    }
  }
  return [...found.values()].slice(0, limit);
}

async function look(queue: Queue, id: string, state: JobState): Promise<QueuedJob | undefined> {
  try {
    const job = await readJob(queue, id);
    return job && told(job, state);
  } catch (error) {
    return toldDamaged(id, state, error);
  }
}

/** The ids of the jobs that may be asked for, by place, from the one behind `after` on. */
async function* idsOf(
  queue: Queue,
  { store, state, after, limit = Infinity }: ListJobsOptions & { store: string },
): AsyncGenerator<{ place: Place; ids: string[] }> {
  const places = placesOf(state);
  const first = after === undefined ? 0 : await indexOfPlace(queue, places, after);
  let isBefore = after !== undefined;
  for (const place of places.slice(first)) {
    for await (const ids of pagesOf(queue, { place, store, limit })) {
      const at = isBefore ? ids.indexOf(after!) : -1;
      if (isBefore && at === -1) continue;
      isBefore = false;
      yield { place, ids: ids.slice(at + 1) };
    }
    if (isBefore) throw notListed(after!); // it moved on
  }
}

async function indexOfPlace(queue: Queue, places: Place[], id: string): Promise<number> {
  const at = isReservedId(id) ? -1 : places.indexOf(await queue.getJobState(id) as Place);
  if (at === -1) throw notListed(id);
  return at;
}

/** The ids of the jobs at a place. All at once where all are wanted: none moves on to where it was looked for before. */
async function* pagesOf(
  queue: Queue,
  { place, store, limit }: { place: Place; store: string; limit: number },
): AsyncIterable<string[]> {
  // BullMQ (6.7) counts waiting and active jobs of PostgreSQL from the newest, also where the oldest are to be first.
  const isWhole = limit === Infinity ||
    (store === "postgres" && (place === "waiting" || place === "active"));
  if (isWhole) return yield await queue.getRanges([place], 0, -1, true);
  for (let from = 0;; from += IDS_AT_ONCE) {
    const ids = await queue.getRanges([place], from, from + IDS_AT_ONCE - 1, true);
    yield ids;
    if (ids.length < IDS_AT_ONCE) return;
  }
}
