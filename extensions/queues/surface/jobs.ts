/**
 * The jobs of a queue on a service:
 * `createHandler(registry, { gateways: [createJobsGateway(queue)] })`.
 *
 * @module
 */
import { Answer, route } from "../../../apps/gateways.ts";
import {
  answerEvents,
  answerListing,
  denied,
  endless,
  listing,
  queueAnswer,
} from "../../../apps/server/extending.ts";
import type {
  Access,
  Gateway,
  GatewayContext,
  Right,
  RouteContext,
  Routes,
} from "../../../apps/gateways.ts";
import type { System } from "../../../mod.ts";
import { conflict, notFound, type RegistryError } from "../../../core/kernel.ts";
import type { JobQueue, QueuedJob } from "../mod.ts";
import * as schemas from "./schemas.ts";

/** Maximum number of jobs counted in each state: a queue can only list them. */
const MOST_COUNTED = 1000;
const FRESH = { "cache-control": "no-store" };

/** Creates the routes `/jobs` of a queue, and its counts in `/metrics`. The queue stays open. */
export function createJobsGateway(queue: JobQueue): Gateway {
  return {
    name: "jobs",
    subjectOf: ({ job }) => ({ job }),
    addRoutes(routes, context) {
      jobsRoutes(routes, inTime(queue, context.system), context);
      context.metrics.watch({
        name: "holdfast_jobs",
        help: `Jobs of the queue by state, at most ${MOST_COUNTED} of each`,
        label: "state",
        read: () => countJobs(queue, context.closing),
      });
    },
  };
}

async function countJobs(jobs: JobQueue, signal: AbortSignal): Promise<Record<string, number>> {
  const states = ["waiting", "delayed", "running", "failed"] as const;
  const counts = states.map(async (state) =>
    [state, (await jobs.list({ state, limit: MOST_COUNTED, signal })).length] as const
  );
  return Object.fromEntries(await Promise.all(counts));
}

function jobsRoutes(routes: Routes, queue: AskedQueue, context: GatewayContext): void {
  const find = (id: string, access: Access, right: Right) => findJob(queue, id, { access, right });

  route(routes, "GET /jobs", {
    id: "listJobs",
    tag: "jobs",
    summary: "Lists the jobs of the queue",
    description: "Without `admin`, only jobs about readable artifacts.",
    scope: "read",
    answers: listing(schemas.JobsPage, "A page of jobs"),
    query: schemas.JobsQuery,
    answer: ({ c, query: { state, group, ...page }, access, signal }) =>
      answerListing(c, page, {
        list: (page) => readableJobs(queue, { ...page, state, group, access, signal }),
        keyOf: ({ id }) => id,
      }),
  });

  route(routes, "GET /jobs/:job", {
    id: "getJob",
    tag: "jobs",
    summary: "Returns a job",
    scope: "read",
    answers: { 200: { description: "The job", schema: schemas.JobSchema } },
    answer: async ({ c, params, access }) =>
      c.json(await find(params.job, access, "read"), 200, FRESH),
  });

  route(routes, "DELETE /jobs/:job", {
    id: "cancelJob",
    tag: "jobs",
    summary: "Cancels a job",
    description: "A running job stays `running` until its worker has stopped.",
    scope: "save",
    answers: { 200: { description: "The current state of the job", schema: schemas.JobSchema } },
    answer: async ({ c, params, access }) => {
      const job = await find(params.job, access, "save");
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
      const job = await find(params.job, access, "save");
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
        content: { "text/event-stream": { schema: { type: "string" } } },
      },
      204: { description: "The job has ended, and the client has all events" },
    },
    answer: async ({ c, params, access }) => {
      const job = await find(params.job, access, "read");
      return await answerJobEvents(c, context, { queue, job });
    },
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

async function findJob(
  queue: AskedQueue,
  id: string,
  { access, right }: { access: Access; right: Right },
): Promise<QueuedJob> {
  const job = await queue.get(id);
  // A token must not learn whether jobs exist that it cannot read.
  if (job === undefined || !mayDo(access, "read", job) && !mayDo(access, right, job)) {
    throw notFound("find job", JSON.stringify(id.slice(0, 200)), "it is not in the queue", {
      hint: "Check the id. The queue removes old jobs after they end.",
    });
  }
  if (!mayDo(access, right, job)) throw denied(`change job ${JSON.stringify(id)}`, "admin");
  return job;
}

async function answerJobEvents(
  c: RouteContext,
  context: GatewayContext,
  { queue, job }: { queue: AskedQueue; job: QueuedJob },
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

function notEnded({ id, state }: QueuedJob): RegistryError {
  return conflict("retry job", JSON.stringify(id), `it is ${state}`, {
    hint: "Retry failed or cancelled jobs only.",
  });
}
