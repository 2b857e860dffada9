// Lists jobs of BullMQ, in the order of their places.
import type { Queue } from "npm:bullmq@^6";
import { mayBeJob, notListed } from "../checks/queue_checks.ts";
import type { JobState, ListJobsOptions, QueuedJob } from "../queue.ts";
import { damagedJob, jobOf, type Place, placesOf, readJob, stateOf } from "./job_form.ts";

/** The page size of ids, if not all jobs are requested. */
const IDS_AT_ONCE = 1_000;
const READ_AT_ONCE = 200;

/** Lists the requested jobs. Others are not read, except the ids before them. */
export async function listJobs(
  queue: Queue,
  options: ListJobsOptions & { store: string },
): Promise<QueuedJob[]> {
  const { group, state, limit = Infinity, signal } = options;
  const jobs = new Map<string, QueuedJob>();
  for await (const { place, ids } of idsOf(queue, options)) {
    for (let from = 0; from < ids.length; from += READ_AT_ONCE) {
      if (jobs.size >= limit) return [...jobs.values()].slice(0, limit);
      signal?.throwIfAborted();
      const some = ids.slice(from, from + READ_AT_ONCE);
      for (const job of await Promise.all(some.map((id) => read(queue, id, stateOf(place))))) {
        const fits = (group === undefined || job?.group === group) &&
          (state === undefined || job?.state === state);
        if (job !== undefined && fits) jobs.set(job.id, job);
      }
    }
  }
  return [...jobs.values()].slice(0, limit);
}

async function read(queue: Queue, id: string, state: JobState): Promise<QueuedJob | undefined> {
  try {
    const job = await readJob(queue, id);
    return job && jobOf(job, state);
  } catch (error) {
    return damagedJob(id, state, error);
  }
}

/** Iterates over the ids of possible jobs by place, starting after the job `after`. */
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
    if (isBefore) throw notListed(after!); // it changed its place
  }
}

async function indexOfPlace(queue: Queue, places: Place[], id: string): Promise<number> {
  const at = mayBeJob(id) ? places.indexOf(await queue.getJobState(id) as Place) : -1;
  if (at === -1) throw notListed(id);
  return at;
}

/** Iterates over the ids at a place: all at once if all are requested, so that none moves past. */
async function* pagesOf(
  queue: Queue,
  { place, store, limit }: { place: Place; store: string; limit: number },
): AsyncIterable<string[]> {
  // BullMQ 6.7 counts waiting and active jobs of PostgreSQL from the newest, in either order.
  const isWhole = limit === Infinity ||
    (store === "postgres" && (place === "waiting" || place === "active"));
  if (isWhole) return yield await queue.getRanges([place], 0, -1, true);
  for (let from = 0;; from += IDS_AT_ONCE) {
    const ids = await queue.getRanges([place], from, from + IDS_AT_ONCE - 1, true);
    yield ids;
    if (ids.length < IDS_AT_ONCE) return;
  }
}
