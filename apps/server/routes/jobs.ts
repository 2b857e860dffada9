// The jobs of the queue.
import { conflict, notFound, unsupported } from "../../../core/errors.ts";
import type { RegistryError } from "../../../core/errors.ts";
import type { System } from "../../../core/system.ts";
import type { JobQueue, QueuedJob } from "../../../queues/mod.ts";
import { type Access, denied, type Right } from "../access/access.ts";
import type { RouteContext, Routes } from "../gateways/gateway.ts";
import { Answer } from "../answer.ts";
import type { ServerContext } from "../routing.ts";
import { route } from "../describe.ts";
import { answerEvents, EVENTS_TYPE } from "../event_stream.ts";
import { answerListing, endless, listing } from "../listing.ts";
import * as schemas from "../schemas/reading.ts";
import { queueAnswer } from "../within_time.ts";

const FRESH = { "cache-control": "no-store" };

export function jobsRoutes(routes: Routes, context: ServerContext): void {
  const jobs = context.options.jobs && inTime(context.options.jobs, context.system);
  const find = (id: string, access: Access, right: Right) => findJob(jobs, id, { access, right });

  route(routes, "GET /jobs", {
    id: "listJobs",
    tag: "jobs",
    summary: "Lists the jobs of the queue",
    description: "Without `admin`, only jobs about readable artifacts.",
    scope: "read",
    answers: listing(schemas.JobsPage, "A page of jobs"),
    query: schemas.JobsQuery,
    answer: ({ c, query: { state, group, ...page }, access, signal }) => {
      const queue = queueOf(jobs);
      return answerListing(c, page, {
        list: (page) => readableJobs(queue, { ...page, state, group, access, signal }),
        keyOf: ({ id }) => id,
      });
    },
  });

  route(routes, "GET /jobs/:job", {
    id: "getJob",
    tag: "jobs",
    summary: "Returns a job",
    scope: "read",
    answers: { 200: { description: "The job", schema: schemas.JobSchema } },
    answer: async ({ c, params, access }) =>
      c.json((await find(params.job, access, "read")).job, 200, FRESH),
  });

  route(routes, "DELETE /jobs/:job", {
    id: "cancelJob",
    tag: "jobs",
    summary: "Cancels a job",
    description: "A running job stays `running` until its worker has stopped.",
    scope: "save",
    answers: { 200: { description: "The current state of the job", schema: schemas.JobSchema } },
    answer: async ({ c, params, access }) => {
      const { queue, job } = await find(params.job, access, "save");
      await queue.cancel(job.id, { reason: "cancelled over HTTP" });
      return c.json(shownJob(await queue.get(job.id) ?? job, access));
    },
  });

  route(routes, "POST /jobs/:job/retry", {
    id: "retryJob",
    tag: "jobs",
    summary: "Queues a failed or cancelled job again",
    scope: "save",
    answers: { 200: { description: "The current state of the job", schema: schemas.JobSchema } },
    answer: async ({ c, params, access }) => {
      const { queue, job } = await find(params.job, access, "save");
      const retried = await queue.retry(job.id);
      const now = await queue.get(job.id) ?? job;
      if (!retried) throw notEnded(now);
      return c.json(shownJob(now, access));
    },
  });

  route(routes, "GET /jobs/:job/events", {
    id: "watchJob",
    tag: "jobs",
    summary: "Sends the states of a job as server-sent events until it ends",
    description:
      "The first event is the current state. A client that reconnects with `Last-Event-ID` " +
      "gets newer events, and 204 after the last one, which stops browsers from reconnecting.",
    scope: "read",
    requestHeaders: { "last-event-id": "The id of the last event that the client received" },
    answers: {
      200: {
        description: "Events named `job` with the job as data",
        content: { [EVENTS_TYPE]: { schema: { type: "string" } } },
      },
      204: { description: "The job has ended, and the client has all events" },
    },
    answer: async ({ c, params, access }) =>
      await answerJobEvents(c, context, await find(params.job, access, "read")),
  });
}

/** The calls of the routes. */
type AskedQueue = Pick<JobQueue, "get" | "list" | "cancel" | "retry" | "watch">;

/** Returns a queue whose calls fail with `Unavailable` if they take long; `watch` has no end. */
function inTime(queue: JobQueue, system: Pick<System, "sleep">): AskedQueue {
  const limited = <T>(action: string, answer: Promise<T>, change = false): Promise<T> =>
    queueAnswer(action, answer, { system, change });
  return {
    get: (id) => limited("read jobs of", queue.get(id)),
    list: (options) => limited("read jobs of", queue.list(options)),
    cancel: (id, options) => limited("cancel a job of", queue.cancel(id, options), true),
    retry: (id) => limited("retry a job of", queue.retry(id), true),
    watch: (id, options) => queue.watch(id, options),
  };
}

interface FoundJob {
  queue: AskedQueue;
  job: QueuedJob;
}

async function findJob(
  jobs: AskedQueue | undefined,
  id: string,
  { access, right }: { access: Access; right: Right },
): Promise<FoundJob> {
  const queue = queueOf(jobs);
  const job = await queue.get(id);
  // A token must not learn whether jobs exist that it cannot read.
  if (job === undefined || !mayDo(access, "read", job) && !mayDo(access, right, job)) {
    throw notFound("find job", JSON.stringify(id.slice(0, 200)), "it is not in the queue", {
      hint: "Check the id. The queue removes old jobs after they end.",
    });
  }
  if (!mayDo(access, right, job)) throw denied(`change job ${JSON.stringify(id)}`, "admin");
  return { queue, job };
}

async function answerJobEvents(
  c: RouteContext,
  context: ServerContext,
  { queue, job }: FoundJob,
): Promise<Answer> {
  const after = c.header("last-event-id");
  if (after !== undefined && hasEnded(job)) {
    const news = await queueAnswer("read jobs of", isNews(queue, job.id, after), context);
    if (!news) return new Answer(null, { status: 204 });
  }
  return answerEvents(c, {
    context,
    may: (access) => mayDo(access, "read", job),
    onSilence: () => queue.get(job.id), // fails if the queue is gone
    async *events(signal) {
      for await (const { id, job: data } of queue.watch(job.id, { after, signal })) {
        yield { id, event: "job", data };
      }
    },
  });
}

/** Returns true if a token has a right on the artifact of a job. Other jobs need `admin`. */
function mayDo(access: Access, right: Right, { data }: QueuedJob): boolean {
  const about = data as { name?: unknown; input?: { name?: unknown } } | null;
  const name = about?.name ?? about?.input?.name;
  return access.admin || (typeof name === "string" && access.may(right, name));
}

/** Returns a job without its content if the token may not read it. */
function shownJob(job: QueuedJob, access: Access): QueuedJob {
  if (mayDo(access, "read", job)) return job;
  return { ...job, data: null, progress: undefined, result: undefined, reason: undefined };
}

/** Yields the readable jobs of a queue, page by page. */
async function* readableJobs(
  queue: AskedQueue,
  { access, limit = Infinity, after, ...which }: Parameters<JobQueue["list"]>[0] & {
    access: Access;
  },
): AsyncGenerator<QueuedJob> {
  for (let remaining = limit, last = after; remaining > 0;) {
    const jobs = await queue.list({ ...which, after: last, limit: PAGE });
    for (const job of jobs) {
      if (job.id === last) throw endless();
      if (!mayDo(access, "read", job)) continue;
      yield job;
      if (--remaining <= 0) return;
    }
    if (jobs.length < PAGE) return;
    last = jobs.at(-1)!.id;
  }
}

const PAGE = 1000;

function hasEnded({ state }: QueuedJob): boolean {
  return state === "done" || state === "failed" || state === "cancelled";
}

async function isNews(queue: AskedQueue, id: string, after: string): Promise<boolean> {
  for await (const _ of queue.watch(id, { after })) return true;
  return false;
}

function queueOf(queue: AskedQueue | undefined): AskedQueue {
  if (queue !== undefined) return queue;
  throw unsupported("read jobs", undefined, "this service has no queue", {
    hint: "Start it with one: createHandler(registry, { jobs: await openQueue(url) }).",
    reason: { kind: "queue_missing" },
  });
}

function notEnded({ id, state }: QueuedJob): RegistryError {
  return conflict("retry job", JSON.stringify(id), `it is ${state}`, {
    hint: "Retry failed or cancelled jobs only.",
  });
}
