// Jobs that BullMQ keeps, in the order of the places where they are.
import type { Queue } from "npm:bullmq@^6";
import { isReservedId, notListed } from "../checks/queue_checks.ts";
import type { ListJobsOptions, QueuedJob } from "../../core/queue.ts";
import { type Place, placesOf, readJob, stateOf, told, toldDamaged } from "./job_form.ts";

/** So many ids are asked for at once where only some jobs are wanted. */
const IDS_AT_ONCE = 1_000;
/** So many jobs are read at once. */
const READ_AT_ONCE = 200;

/** The jobs that are asked for. What nobody asked for is not read, but for the ids before them. */
export async function listJobs(
  queue: Queue,
  { store, ...options }: ListJobsOptions & { store: string },
): Promise<QueuedJob[]> {
  const { group, state, after, limit = Infinity, signal } = options;
  const found = new Map<string, QueuedJob>();
  const places = placesOf(state);
  let isBefore = after !== undefined;
  if (isBefore) {
    if (isReservedId(after!)) throw notListed(after!);
    const first = places.indexOf(await queue.getJobState(after!) as Place);
    if (first === -1) throw notListed(after!);
    places.splice(0, first);
  }
  for (const place of places) {
    for await (const ids of pagesOf(queue, { place, store, limit })) {
      const wanted = isBefore ? ids.slice(ids.indexOf(after!) + 1) : ids;
      if (isBefore && !ids.includes(after!)) continue;
      isBefore = false;
      for (let from = 0; from < wanted.length; from += READ_AT_ONCE) {
        if (found.size >= limit) return [...found.values()].slice(0, limit);
        signal?.throwIfAborted();
        const look = async (id: string) => {
          const job = await readJob(queue, id);
          return job && told(job, stateOf(place));
        };
        const jobs = await Promise.all(
          wanted.slice(from, from + READ_AT_ONCE).map((id) =>
            look(id).catch((error) => toldDamaged(id, stateOf(place), error))
          ),
        );
        for (const said of jobs) {
          if (said === undefined) continue;
          const fits = (group === undefined || said.group === group) &&
            (state === undefined || said.state === state);
          if (fits) found.set(said.id, said);
        }
      }
    }
    if (isBefore) throw notListed(after!); // it moved on
  }
  return [...found.values()].slice(0, limit);
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
