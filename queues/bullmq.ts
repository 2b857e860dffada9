/**
 * Queues of jobs on Redis, Valkey or PostgreSQL, kept by BullMQ.
 *
 * @module
 */
import "./bullmq/msgpackr_extract.ts"; // before BullMQ
import { createPostgresBackend, type Job, Queue, runMigrations } from "npm:bullmq@^6";
import { fault } from "../core/errors.ts";
import type { SignalOptions } from "../core/registry.ts";
import { checkNewJob, checkWorkOptions, isReservedId, ofSchedule } from "./checks/queue_checks.ts";
import type { JobQueue, QueuedJob, QueueWorker } from "../core/queue.ts";
import { watchJob } from "./checks/watch_job.ts";
import { withDeadline } from "../core/retry.ts";
import { realSystem, type System } from "../core/system.ts";
import { loadPart } from "../core/urls/load_part.ts";
import { type BullmqStore, failure } from "./bullmq/store.ts";
import { formOf, type JobForm, optionsOf } from "./bullmq/job_form.ts";
import { listJobs } from "./bullmq/list.ts";
import { readJob, toldDamaged } from "./bullmq/job_form.ts";
import { createBullmqSchedules } from "./bullmq/schedules.ts";
import { stateOf, told } from "./bullmq/job_form.ts";
import { belongsToSchedule, trimEnded } from "./bullmq/trim.ts";
import { BullmqWorker } from "./bullmq/worker.ts";

export type * from "../core/queue.ts";
export type { SignalOptions } from "../core/registry.ts";
export type { System } from "../core/system.ts";
export type { PlainValue } from "../core/text/plain_value.ts";

/** Options of {@linkcode openBullmqQueue}. */
export interface BullmqQueueOptions {
  /** How long the server may take until it answers at first, milliseconds. @default 10000 */
  connectWithinMs?: number;
  /** How long it may take later, as when it is started again, milliseconds. @default 30000 */
  answerWithinMs?: number;
  system?: System;
}

/** How often a job is looked at that somebody watches, milliseconds. */
const LOOK_EVERY_MS = 500;

const ADDED_AT_ONCE = 500;

/**
 * Opens a queue by its URL: `redis://host:6379/0`, `rediss://…`, `postgres://user@host/database`. `?queue=name` may
 * follow, else the queue is called `holdfast`. In PostgreSQL, 13 or newer, tables are made in the schema `bullmq` where
 * they are missing. Redis is to have `maxmemory-policy noeviction`, and `appendonly yes` where jobs shall be there after
 * it was killed.
 *
 * @throws {RegistryError} `Invalid` for another URL; `Unavailable` where no server answers, `Denied` where it refuses
 */
export async function openBullmqQueue(
  url: string,
  options: BullmqQueueOptions = {},
): Promise<JobQueue> {
  const { connectWithinMs = 10_000, answerWithinMs = 30_000, system = realSystem } = options;
  const store = await createStore(url);
  const backend = store.kind === "postgres" ? createPostgresBackend : undefined;
  // BullMQ names the types of its drivers, which only their own files import.
  const settings = { connection: store.connection, prefix: "bull" } as never;
  const workers = new Set<QueueWorker>();
  let closed = false;

  async function ask<T>(
    what: string,
    answer: Promise<T>,
    { signal }: SignalOptions = {},
  ): Promise<T> {
    try {
      return await withDeadline(answer, { timeoutMs: answerWithinMs, signal });
    } catch (error) {
      signal?.throwIfAborted();
      throw failure(what, store, error);
    }
  }

  let queue: Queue;
  try {
    await withDeadline(store.ready(), { timeoutMs: connectWithinMs });
    if (backend !== undefined) await migrate(store);
    queue = new Queue(store.queue, settings, backend as never);
    queue.on("error", () => {}); // each request tells of its own failure
    await withDeadline(queue.waitUntilReady(), { timeoutMs: connectWithinMs });
  } catch (error) {
    await store.close();
    throw failure("open", store, error);
  }

  const find = async (id: string): Promise<Job<JobForm> | undefined> =>
    isReservedId(id) ? undefined : await readJob(queue, id);
  const schedules = createBullmqSchedules(queue, {
    kind: store.kind,
    ask,
    now: () => system.now(),
  });

  const get: JobQueue["get"] = (id, options) =>
    ask(
      "look into",
      look(id).catch(async (error) => toldDamaged(id, stateOf(await queue.getJobState(id)), error)),
      options,
    );

  async function look(id: string): Promise<QueuedJob | undefined> {
    const job = await find(id);
    if (job === undefined) return undefined;
    const state = await queue.getJobState(id);
    // It ended, or went, between the two.
    const fresh = state === "completed" || state === "failed" ? await find(id) : job;
    return fresh === undefined || state === "unknown" ? undefined : told(fresh, stateOf(state));
  }

  async function retry(id: string): Promise<boolean> {
    const job = await find(id);
    if (job === undefined) return false;
    const isMarked = formOf(job).cancelled !== undefined;
    const before = await queue.getJobState(id);
    if (before === "active" || before === "completed") return false;
    if (isMarked) await job.updateData({ group: formOf(job).group, data: formOf(job).data });
    const failed = await queue.getJobState(id) === "failed";
    if (failed) await job.retry("failed", { resetAttemptsMade: true });
    return failed || isMarked;
  }

  return {
    kind: store.kind,
    location: store.location,
    async add(jobs, options) {
      const added = [jobs].flat();
      added.forEach(checkNewJob);
      const bulk = added.map((job) => ({
        name: job.kind,
        data: { group: job.group, data: job.data } satisfies JobForm,
        opts: optionsOf(job, store.kind),
      }));
      if (bulk.length === 1) {
        const [{ name, data, opts }] = bulk;
        await ask("add jobs to", queue.add(name, data, opts), options);
      }
      for (let from = 0; bulk.length > 1 && from < bulk.length; from += ADDED_AT_ONCE) {
        await ask("add jobs to", queue.addBulk(bulk.slice(from, from + ADDED_AT_ONCE)), options);
      }
    },
    get,
    list: (options = {}) =>
      ask("list jobs of", listJobs(queue, { ...options, store: store.kind }), options),
    watch: (id, watching) =>
      watchJob({
        look: () => get(id, watching),
        next: (signal) => system.sleep(LOOK_EVERY_MS, signal),
      }, watching),
    cancel: (id, { reason = "cancelled", signal } = {}) =>
      ask(
        "cancel a job of",
        (async () => {
          // Nobody but its worker may end an active job, and one that waits may be taken while it is removed: so it is
          // marked, and whoever has it, or gets it, sees to it.
          const job = await find(id);
          await job?.updateData({ ...job.data, cancelled: reason });
        })(),
        { signal },
      ),
    retry: (id, options) => ask("retry a job of", retry(id), options),
    remove: (id, options) =>
      ask(
        "remove a job of",
        (async () =>
          !isReservedId(id) && await queue.getJobState(id) !== "unknown" &&
          await queue.remove(id) === 1)()
          .catch((error) => {
            throw belongsToSchedule(error) ? ofSchedule(id) : error;
          }),
        options,
      ),
    ...schedules,
    async work(handler, options = {}) {
      checkWorkOptions(options);
      const trim = store.kind === "postgres" ? () => trimEnded(queue) : undefined;
      const made = {
        ...options,
        store,
        settings,
        backend,
        system,
        find,
        readyWithinMs: answerWithinMs,
        trim,
      };
      const worker = await BullmqWorker.open(handler, made).catch((error) => {
        throw failure("take jobs of", store, error);
      });
      workers.add(worker);
      return worker;
    },
    async [Symbol.asyncDispose]() {
      if (closed) return;
      closed = true;
      for (const worker of workers) await worker.close();
      await queue.close();
      await store.close();
    },
  };
}

async function createStore(url: string): Promise<BullmqStore> {
  const scheme = /^([a-z]+):\/\//i.exec(url)?.[1].toLowerCase();
  if (!URL.canParse(url) || scheme === undefined || !/^(rediss?|postgres(ql)?)$/.test(scheme)) {
    throw fault({
      code: "Invalid",
      action: "open a queue by a URL of scheme",
      subject: scheme ?? "…",
      state: "it is none of Redis or PostgreSQL",
      hint:
        "As in redis://127.0.0.1:6379, rediss://user:password@host/0 or postgres://user:password@host/database.",
    });
  }
  const name = new URL(url).searchParams.get("queue") ?? "holdfast";
  if (!/^[A-Za-z0-9_.-]{1,100}$/.test(name)) {
    throw fault({
      code: "Invalid",
      action: "open queue",
      subject: JSON.stringify(name),
      state: "that is no name of a queue",
      hint: "Take 1 to 100 of A-Z a-z 0-9 _ . -",
    });
  }
  if (scheme.startsWith("redis")) {
    const { createRedisStore } = await loadPart<{ createRedisStore(url: string): BullmqStore }>(
      "./bullmq/redis.ts",
      import.meta.url,
    );
    return createRedisStore(url);
  }
  const { createPostgresStore } = await loadPart<{ createPostgresStore(url: string): BullmqStore }>(
    "./bullmq/postgres.ts",
    import.meta.url,
  );
  return createPostgresStore(url);
}

/** Tables are made, and brought up to date, under a lock: several may ask at once. */
async function migrate(store: BullmqStore): Promise<void> {
  const pool = store.connection as { connect(): Promise<{ release(): void }> };
  const client = await pool.connect();
  try {
    await runMigrations(client as never);
  } finally {
    client.release();
  }
}
