// The jobs of the queue, and runs of pipelines.
import { conflict, isRegistryError, notFound, unsupported } from "../../../core/errors.ts";
import type { RegistryError } from "../../../core/errors.ts";
import type { System } from "../../../core/system.ts";
import type { JobQueue, QueuedJob } from "../../../queues/mod.ts";
import { type Access, denied, readableNames, type Right } from "../access/access.ts";
import type { RouteContext, Routes } from "../gateways/gateway.ts";
import { Answer } from "../answer.ts";
import type { ServerContext } from "../routing.ts";
import { route } from "../describe.ts";
import { answerEvents, EVENTS_TYPE } from "../event_stream.ts";
import { answerListing, endless, listing } from "../listing.ts";
import { AttemptsSchema, CancelledRunSchema } from "../schemas/explorer.ts";
import * as schemas from "../schemas/reading.ts";
import { type KnownRun, knownRun, knownSteps } from "../../known_runs.ts";
import { RefusedRequest } from "../problem.ts";
import { queueAnswer } from "../within_time.ts";

const FRESH = { "cache-control": "no-store" };
const loadRuns = () => import("../../../operators/runner/records/run_record.ts");

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

export function runsRoutes(routes: Routes, { registry }: ServerContext): void {
  route(routes, "GET /runs", {
    id: "listRuns",
    tag: "runs",
    summary: "Lists runs of pipelines, newest first",
    scope: "read",
    answers: listing(schemas.RunsPage, "A page of runs, or all of them as lines"),
    query: schemas.RunsQuery,
    answer: ({ c, query: { pipeline, ...page }, access }) => {
      async function* list(asked: { after?: string; limit?: number }): AsyncGenerator<KnownRun> {
        const { listRuns } = await loadRuns();
        const { recordNames } = await import("../../../operators/runner/records/names.ts");
        if (pipeline !== undefined && !access.may("read", recordNames(pipeline).run)) return;
        const names = readableNames(registry, access);
        for (const run of await listRuns(registry, { pipeline, names, ...asked })) {
          yield knownRun(run);
        }
      }
      return answerListing(c, page, { list, keyOf: ({ run }) => run });
    },
  });
  route(routes, "GET /runs/:run", {
    id: "getRun",
    tag: "runs",
    summary: "Returns a run and its steps",
    scope: "read",
    answers: { 200: { description: "The run", schema: schemas.RunDetailsSchema } },
    answer: async ({ c, params: { run }, access }) => {
      access.check("read", await recordsOf(run));
      const { readResult } = await loadRuns();
      const result = await asRecord(readResult(registry, run));
      const steps = await asRecord(Array.fromAsync(
        knownSteps(registry, { run, result }),
        ({ run: _run, ...step }) => step,
      ));
      const { end = "unknown", startedAt, durationMs } = result ?? {};
      const body = { run, end, startedAt, durationMs, steps };
      return c.json(body, 200, { "cache-control": "no-cache" });
    },
  });
}

export function runStepsRoutes(routes: Routes, { registry }: ServerContext): void {
  route(routes, "GET /runs/:run/steps/:step/attempts", {
    id: "listAttempts",
    tag: "runs",
    summary: "Lists the ended attempts of a step, with their records and logs",
    description:
      "The log is a file of the record, `GET /artifacts/{name}/versions/{version}/files/log.txt`. " +
      "A skipped step has the attempt whose outputs it uses.",
    scope: "read",
    answers: { 200: { description: "The attempts, oldest first", schema: AttemptsSchema } },
    answer: async ({ c, params: { run, step }, access }) => {
      access.check("read", await recordsOf(run));
      const { readRun } = await loadRuns();
      const { attemptsOf } = await import("../../../operators/runner/records/failures.ts");
      const { steps } = await asRecord(readRun(registry, run));
      if (!steps.some((planned) => planned.step === step)) {
        throw notFound("find step", JSON.stringify(step.slice(0, 200)), `${run} has no such step`, {
          hint: `List its steps: (await readRun(registry, ${JSON.stringify(run)})).steps.`,
          reason: { kind: "run_step_missing", run },
        });
      }
      const attempts = await asRecord(attemptsOf(registry, { run, step }));
      const items = attempts.map(({ ref, hasLog, outcome }) => {
        const { end, durationMs, reason, hint, exitCode, exit } = outcome;
        const log = hasLog ? "log.txt" : undefined;
        return { ref, end, durationMs, reason, hint, exitCode, exit, log };
      });
      return c.json({ items }, 200, { "cache-control": "no-cache" });
    },
  });
  route(routes, "DELETE /runs/:run", {
    id: "cancelRun",
    tag: "runs",
    summary: "Requests a run to stop, on any machine",
    description: "The run polls for the request every few seconds. Finished steps stay finished.",
    scope: "save",
    answers: { 200: { description: "The request is stored", schema: CancelledRunSchema } },
    answer: async ({ c, params: { run }, access }) => {
      access.check("save", await recordsOf(run));
      const { cancelRun, readResult, readRun } = await loadRuns();
      await asRecord(readRun(registry, run));
      const result = await asRecord(readResult(registry, run));
      if (result === undefined) return c.json({ run, asked: await cancelRun(registry, run) });
      throw conflict(`cancel run ${run}`, undefined, `it has ended (${result.end})`, {
        hint: `See its result: readResult(registry, ${JSON.stringify(run)}).`,
        reason: { kind: "run_ended", run },
      });
    },
  });
}

/**
 * Reads records. One with invalid content is refused, and not a fault of the service: anyone who may
 * write to the registry can have stored it.
 */
async function asRecord<T>(reading: Promise<T>): Promise<T> {
  try {
    return await reading;
  } catch (error) {
    if (!isRegistryError(error, "Corrupt") || error.action !== "read the record") throw error;
    const { code, action, subject, state = "", hint = "" } = error;
    throw new RefusedRequest({ status: 422, code, action, subject, state, hint, cause: error });
  }
}

async function recordsOf(run: string): Promise<string> {
  const { parseRunId, recordNames } = await import("../../../operators/runner/records/names.ts");
  return recordNames(parseRunId(run).pipeline).run;
}
