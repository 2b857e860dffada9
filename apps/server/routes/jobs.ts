// Jobs of the queue, and runs of pipelines.
import type { RegistryError } from "../../../mod.ts";
import { fault } from "../../../core/errors.ts";
import type { JobQueue, QueuedJob } from "../../../queues/mod.ts";
import { type Access, denied, type Right } from "../access/access.ts";
import type { RouteContext, Routes, ServerContext } from "../routing.ts";
import { route } from "../describe.ts";
import { answerEvents, EVENTS_TYPE } from "../event_stream.ts";
import { answerListing, listing } from "../listing.ts";
import {
  JobSchema,
  JobsPage,
  JobsQuery,
  RunDetailsSchema,
  RunsPage,
  RunsQuery,
} from "../schemas/reading.ts";
import { type KnownRun, knownRun, knownSteps } from "../schemas/known_of_runs.ts";

const FRESH = { "cache-control": "no-store" };

export function jobsRoutes(routes: Routes, context: ServerContext): void {
  const { options } = context;
  const find = (id: string, access: Access, right: Right) =>
    findJob(options.jobs, id, { access, right });

  route(routes, "GET /jobs", {
    id: "listJobs",
    tag: "jobs",
    summary: "Lists the jobs that the queue knows",
    description: "Only those about artifacts that may be read, unless the token is an admin's.",
    scope: "read",
    answers: listing(JobsPage, "A page of jobs"),
    query: JobsQuery,
    answer: ({ c, query: { state, group, ...page }, access, signal }) => {
      const queue = queueOf(options.jobs);
      return answerListing(c, page, {
        list: (page) => readableJobs(queue, { ...page, state, group, access, signal }),
        keyOf: ({ id }) => id,
      });
    },
  });

  route(routes, "GET /jobs/:job", {
    id: "getJob",
    tag: "jobs",
    summary: "What is known of a job",
    scope: "read",
    answers: { 200: { description: "The job", schema: JobSchema } },
    answer: async ({ c, params, access }) =>
      c.json((await find(params.job, access, "read")).job, 200, FRESH),
  });

  route(routes, "DELETE /jobs/:job", {
    id: "cancelJob",
    tag: "jobs",
    summary: "Ends a job, wherever its worker is",
    description: "One that runs is `running` until its worker has ended it.",
    scope: "write",
    answers: { 200: { description: "The job, as it is now", schema: JobSchema } },
    answer: async ({ c, params, access }) => {
      const { queue, job } = await find(params.job, access, "write");
      await queue.cancel(job.id, { reason: "cancelled over HTTP" });
      return c.json(await queue.get(job.id) ?? job);
    },
  });

  route(routes, "POST /jobs/:job/retry", {
    id: "retryJob",
    tag: "jobs",
    summary: "Lets a job that failed or was cancelled wait again",
    scope: "write",
    answers: { 200: { description: "The job, as it is now", schema: JobSchema } },
    answer: async ({ c, params, access }) => {
      const { queue, job } = await find(params.job, access, "write");
      if (!await queue.retry(job.id)) throw notEnded(await queue.get(job.id) ?? job);
      return c.json(await queue.get(job.id) ?? job);
    },
  });

  route(routes, "GET /jobs/:job/events", {
    id: "watchJob",
    tag: "jobs",
    summary: "What becomes of a job, as server-sent events, until it has ended",
    description:
      "The first says what is known now. Who comes again with `Last-Event-ID` hears what is new since " +
      "then, and 204 where the job has ended and nothing is: browsers then come no more.",
    scope: "read",
    requestHeaders: { "last-event-id": "The id of the event that was heard last" },
    answers: {
      200: {
        description: "Events called `job`, whose data is the job",
        content: { [EVENTS_TYPE]: { schema: { type: "string" } } },
      },
      204: { description: "It has ended, and everything of it was heard" },
    },
    answer: async ({ c, params, access }) =>
      await answerJobEvents(c, context, await find(params.job, access, "read")),
  });
}

interface FoundJob {
  queue: JobQueue;
  job: QueuedJob;
}

async function findJob(
  jobs: JobQueue | undefined,
  id: string,
  { access, right }: { access: Access; right: Right },
): Promise<FoundJob> {
  const queue = queueOf(jobs);
  const job = await queue.get(id);
  // A token that may not see a job must not learn whether it exists.
  if (job === undefined || !mayDo(access, "read", job) && !mayDo(access, right, job)) {
    throw noJob(id);
  }
  if (!mayDo(access, right, job)) throw denied(`change job ${JSON.stringify(id)}`, "admin");
  return { queue, job };
}

async function answerJobEvents(
  c: RouteContext,
  context: ServerContext,
  { queue, job }: FoundJob,
): Promise<Response> {
  const after = c.req.header("last-event-id");
  if (after !== undefined && hasEnded(job) && !await isNews(queue, job.id, after)) {
    return new Response(null, { status: 204 });
  }
  return answerEvents(c, {
    context,
    may: (access) => mayDo(access, "read", job),
    async *events(signal) {
      for await (const { id, job: data } of queue.watch(job.id, { after, signal })) {
        yield { id, event: "job", data };
      }
    },
  });
}

/** A job that is about an artifact is a matter of those who may read or write that; others are the admin's. */
function mayDo(access: Access, right: Right, { data }: QueuedJob): boolean {
  const about = data as { name?: unknown; input?: { name?: unknown } } | null;
  const name = about?.name ?? about?.input?.name;
  return access.admin || (typeof name === "string" && access.may(right, name));
}

/** Of a page of a queue, what may be read; and so on, until there are enough. */
async function* readableJobs(
  queue: JobQueue,
  { access, limit = Infinity, after, ...which }: Parameters<JobQueue["list"]>[0] & {
    access: Access;
  },
): AsyncGenerator<QueuedJob> {
  for (let left = limit, last = after; left > 0;) {
    const jobs = await queue.list({ ...which, after: last, limit: PAGE });
    for (const job of jobs) {
      if (!mayDo(access, "read", job)) continue;
      yield job;
      if (--left <= 0) return;
    }
    if (jobs.length < PAGE) return;
    last = jobs.at(-1)!.id;
  }
}

const PAGE = 1000;

function hasEnded({ state }: QueuedJob): boolean {
  return state === "done" || state === "failed" || state === "cancelled";
}

async function isNews(queue: JobQueue, id: string, after: string): Promise<boolean> {
  for await (const _ of queue.watch(id, { after })) return true;
  return false;
}

function queueOf(queue: JobQueue | undefined): JobQueue {
  if (queue !== undefined) return queue;
  throw fault({
    code: "Unsupported",
    action: "tell of jobs",
    state: "this service has no queue",
    hint:
      "Give it one: holdfast serve --queue URL, or createHandler(registry, { jobs: await openQueue(url) }).",
  });
}

function noJob(id: string): RegistryError {
  return fault({
    code: "NotFound",
    action: "find job",
    subject: JSON.stringify(id.slice(0, 200)),
    state: "the queue does not know it",
    hint: "Jobs that ended long ago are forgotten.",
  });
}

function notEnded({ id, state }: QueuedJob): RegistryError {
  return fault({
    code: "Conflict",
    action: "try job",
    subject: `${JSON.stringify(id)} again`,
    state: `it is ${state}`,
    hint: "Jobs that failed or were cancelled can be tried again.",
  });
}

export function runsRoutes(routes: Routes, { registry }: ServerContext): void {
  route(routes, "GET /runs", {
    id: "listRuns",
    tag: "runs",
    summary: "Lists runs of pipelines, the newest first",
    scope: "read",
    answers: listing(RunsPage, "A page of runs, or all of them as lines"),
    query: RunsQuery,
    answer: ({ c, query: { pipeline, ...page }, access }) => {
      async function* list(asked: { after?: string; limit?: number }): AsyncGenerator<KnownRun> {
        const { listRuns } = await import("../../../operators/runner/mod.ts");
        const { limit, ...from } = asked;
        const all = await listRuns(registry, {
          pipeline,
          ...from,
          limit: access.admin ? limit : undefined,
        });
        let left = limit ?? Infinity;
        for (const listed of all) {
          if (!access.may("read", await recordsOf(listed.run))) continue;
          if (left-- <= 0) return;
          yield knownRun(listed);
        }
      }
      return answerListing(c, page, { list, keyOf: ({ run }) => run });
    },
  });
  route(routes, "GET /runs/:run", {
    id: "getRun",
    tag: "runs",
    summary: "Says what became of each step of a run",
    scope: "read",
    answers: { 200: { description: "The run", schema: RunDetailsSchema } },
    answer: async ({ c, params: { run }, access }) => {
      access.check("read", await recordsOf(run));
      const { readResult } = await import("../../../operators/runner/mod.ts");
      const result = await readResult(registry, run);
      const steps = await Array.fromAsync(
        knownSteps(registry, { run, result }),
        ({ run: _run, ...step }) => step,
      );
      const { end = "unknown", startedAt, durationMs } = result ?? {};
      return c.json({ run, end, startedAt, durationMs, steps }, 200, {
        "cache-control": "no-cache",
      });
    },
  });
}

async function recordsOf(run: string): Promise<string> {
  const { parseRunId, recordNames } = await import("../../../operators/runner/mod.ts");
  return recordNames(parseRunId(run).pipeline).run;
}
