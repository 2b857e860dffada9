/**
 * Queues of jobs on Redis, Valkey or PostgreSQL, with BullMQ.
 *
 * @module
 */
import "./bullmq/msgpackr_extract.ts"; // before BullMQ
import { createPostgresBackend, Queue, runMigrations } from "npm:bullmq@^6";
import type { Job, RepeatOptions } from "npm:bullmq@^6";
import type { PlainValue } from "../../materializers/mod.ts";
import type { SignalOptions } from "../../registry/mod.ts";
import type { System } from "../../mod.ts";
import { invalid, itemAt, loadPart, realSystem, withDeadline } from "../../core/kernel.ts";
import { checkNewJob, checkSchedule, checkWorkOptions } from "./checks/queue_checks.ts";
import { nextCronTime } from "./checks/cron.ts";
import { mayBeJob, mayBeSchedule, ofSchedule, reasonOf } from "./checks/queue_checks.ts";
import type {
  JobEvent,
  JobHandler,
  JobQueue,
  JobSchedule,
  ListJobsOptions,
  NewJob,
  NewSchedule,
  QueuedJob,
  QueueWorker,
  WatchJobOptions,
  WorkOptions,
} from "./queue.ts";
import { watchJob } from "./checks/watch_job.ts";
import { type BullmqStore, failure } from "./bullmq/store.ts";
import { damagedJob, formOf, type JobForm, jobOf, optionsOf } from "./bullmq/job_form.ts";
import { readJob, repeatedOptionsOf, stateOf } from "./bullmq/job_form.ts";
import { listJobs } from "./bullmq/list.ts";
import { belongsToSchedule, trimEnded } from "./bullmq/trim.ts";
import { BullmqWorker, type BullmqWorkerOptions } from "./bullmq/worker.ts";

interface BullmqQueueOptions {
  /** The time limit for the first answer of the server, milliseconds. @default 10000 */
  connectWithinMs?: number;
  /** The time limit for later answers, including a restart, milliseconds. @default 30000 */
  answerWithinMs?: number;
  system?: System;
}

/** The polling interval of a watched job, milliseconds. */
const POLL_MS = 500;

const ADDED_AT_ONCE = 500;

/** How long the end of a queue without workers may take, milliseconds. */
const CLOSE_MS = 5_000;

/**
 * Opens a queue by its URL: `redis://host:6379/0`, `rediss://…`, `postgres://user@host/database`.
 * `?queue=name` names it, by default `holdfast`. PostgreSQL must be 13 or newer; missing tables are
 * created in the schema `bullmq`. Redis needs `maxmemory-policy noeviction`, and `appendonly yes`
 * to keep jobs when it is killed.
 *
 * @throws {RegistryError} `Invalid` for another URL; `Unavailable` without an answer of the server,
 * `Denied` without permission
 */
export async function openBullmqQueue(
  url: string,
  options: BullmqQueueOptions = {},
): Promise<JobQueue> {
  const { connectWithinMs = 10_000, answerWithinMs = 30_000, system = realSystem } = options;
  const store = await createStore(url);
  const backend = store.kind === "postgres" ? createPostgresBackend : undefined;
  const repeatStrategy = (ms: number, { pattern = "", tz = "UTC" }: RepeatOptions) =>
    nextCronTime(pattern, { cron: pattern, timeZone: tz }, ms);
  const { connection } = store;
  // BullMQ uses types of its drivers that it does not export.
  const settings = { connection, prefix: "bull", settings: { repeatStrategy } } as never;
  try {
    await withDeadline(store.ready(), { timeoutMs: connectWithinMs });
    if (backend !== undefined) await migrate(store);
    const queue = new Queue(store.queue, settings, backend as never);
    queue.on("error", () => {}); // each request reports its own failure
    await withDeadline(queue.waitUntilReady(), { timeoutMs: connectWithinMs });
    return new BullmqQueue(queue, { store, settings, backend, system, answerWithinMs });
  } catch (error) {
    await store.close();
    throw failure("open", store, error);
  }
}

interface Connection
  extends Pick<BullmqWorkerOptions, "store" | "settings" | "backend" | "system"> {
  answerWithinMs: number;
}

class BullmqQueue implements JobQueue {
  readonly kind: string;
  readonly location: string;
  readonly #queue: Queue;
  readonly #connection: Connection;
  readonly #workers = new Set<QueueWorker>();
  #closed = false;

  constructor(queue: Queue, connection: Connection) {
    const { store } = connection;
    this.kind = store.kind;
    this.location = store.location;
    this.#queue = queue;
    this.#connection = connection;
  }

  async add(jobs: NewJob | readonly NewJob[], options?: SignalOptions): Promise<void> {
    const added = [jobs].flat();
    added.forEach(checkNewJob);
    const bulk = added.map((job) => ({
      name: job.kind,
      data: { group: job.group, data: job.data } satisfies JobForm,
      opts: optionsOf(job),
    }));
    if (bulk.length === 1) {
      const { name, data, opts } = itemAt(bulk, 0);
      return void await this.#request("add jobs to", this.#queue.add(name, data, opts), options);
    }
    for (let from = 0; from < bulk.length; from += ADDED_AT_ONCE) {
      const some = bulk.slice(from, from + ADDED_AT_ONCE);
      await this.#request("add jobs to", this.#queue.addBulk(some), options);
    }
  }

  async get(id: string, options?: SignalOptions): Promise<QueuedJob | undefined> {
    return await this.#request("read a job of", this.#read(id), options);
  }

  async list(options: ListJobsOptions = {}): Promise<QueuedJob[]> {
    const listed = listJobs(this.#queue, { ...options, store: this.kind });
    return await this.#request("list jobs of", listed, options);
  }

  watch(id: string, options?: WatchJobOptions): AsyncIterable<JobEvent> {
    const { system } = this.#connection;
    return watchJob({
      read: () => this.get(id, options),
      next: (signal) => system.sleep(POLL_MS, signal),
    }, options);
  }

  async cancel(
    id: string,
    { reason = "cancelled", signal }: SignalOptions & { reason?: string } = {},
  ): Promise<void> {
    await this.#request("cancel a job of", this.#mark(id, reason), { signal });
  }

  async retry(id: string, options?: SignalOptions): Promise<boolean> {
    return await this.#request("retry a job of", this.#retry(id), options);
  }

  async remove(id: string, options?: SignalOptions): Promise<boolean> {
    return await this.#request("remove a job of", this.#remove(id), options);
  }

  async schedule(schedule: NewSchedule, options?: SignalOptions): Promise<void> {
    checkSchedule(schedule);
    const { id, cron, timeZone = "UTC", everyMs, job } = schedule;
    if (cron !== undefined) nextCronTime(id, { cron, timeZone }, this.#connection.system.now());
    const data: JobForm = { group: job.group, data: job.data };
    const template = { name: job.kind, data, opts: repeatedOptionsOf(job) };
    const times = cron === undefined ? { every: everyMs } : { pattern: cron, tz: timeZone };
    const added = this.#queue.upsertJobScheduler(id, times, template);
    await this.#request("add a schedule to", added, options);
  }

  async unschedule(id: string, options?: SignalOptions): Promise<boolean> {
    return await this.#request("remove a schedule of", this.#unschedule(id), options);
  }

  async schedules(options?: SignalOptions): Promise<JobSchedule[]> {
    const listed = this.#queue.getJobSchedulers(0, -1, true);
    const schedules = await this.#request("list schedules of", listed, options);
    return schedules.map(({ key, name, pattern, every, tz, next, template }) => ({
      id: key,
      group: formOf({ data: template?.data }).group,
      kind: name,
      nextAt: new Date(next ?? 0),
      ...(pattern === undefined ? { everyMs: every } : { cron: pattern, timeZone: tz ?? "UTC" }),
    }));
  }

  async work<Data extends PlainValue>(
    handler: JobHandler<Data>,
    options: WorkOptions = {},
  ): Promise<QueueWorker> {
    checkWorkOptions(options);
    const { answerWithinMs, ...connection } = this.#connection;
    const worker = await BullmqWorker.open(handler as unknown as JobHandler, {
      ...options,
      ...connection,
      find: (id) => this.#find(id),
      readyWithinMs: answerWithinMs,
      trim: this.kind === "postgres" ? () => trimEnded(this.#queue) : undefined,
    }).catch((error) => {
      throw failure("take jobs of", connection.store, error);
    });
    this.#workers.add(worker);
    return worker;
  }

  close(): Promise<void> {
    return this[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await Promise.all([...this.#workers].map((worker) => worker.close()));
    const closing = this.#queue.close();
    await withDeadline(closing, { timeoutMs: CLOSE_MS }).catch(() => {}); // the server is away
    closing.catch(() => {});
    await this.#connection.store.close();
  }

  async #request<T>(
    action: string,
    answer: Promise<T>,
    { signal }: SignalOptions = {},
  ): Promise<T> {
    const { store, answerWithinMs } = this.#connection;
    try {
      return await withDeadline(answer, { timeoutMs: answerWithinMs, signal });
    } catch (error) {
      signal?.throwIfAborted();
      throw failure(action, store, error);
    }
  }

  async #find(id: string): Promise<Job<JobForm> | undefined> {
    return mayBeJob(id) ? await readJob(this.#queue, id) : undefined;
  }

  async #read(id: string): Promise<QueuedJob | undefined> {
    try {
      const job = await this.#find(id);
      if (job === undefined) return undefined;
      const state = await this.#queue.getJobState(id);
      // It may have ended, or been removed, since the first read.
      const fresh = state === "completed" || state === "failed" ? await this.#find(id) : job;
      return fresh === undefined || state === "unknown" ? undefined : jobOf(fresh, stateOf(state));
    } catch (error) {
      return damagedJob(id, stateOf(await this.#queue.getJobState(id)), error);
    }
  }

  /** Marks a job as cancelled. Its worker ends it: a waiting job may be started at any time. */
  async #mark(id: string, reason: string): Promise<void> {
    const job = await this.#find(id);
    await job?.updateData({ ...job.data, cancelled: reasonOf(reason) });
  }

  async #retry(id: string): Promise<boolean> {
    const job = await this.#find(id);
    if (job === undefined) return false;
    const { group, data, cancelled } = formOf(job);
    const before = await this.#queue.getJobState(id);
    if (before === "active" || before === "completed") return false;
    const { stalledCounter: lost } = job;
    if (cancelled !== undefined || lost > 0) await job.updateData({ group, data, lost });
    const failed = await this.#queue.getJobState(id) === "failed";
    if (failed) await job.retry("failed", { resetAttemptsMade: true });
    return failed || cancelled !== undefined;
  }

  async #unschedule(id: string): Promise<boolean> {
    if (!mayBeSchedule(id)) return false;
    const next = (await this.#queue.getJobScheduler(id))?.next;
    const removed = await this.#queue.removeJobScheduler(id);
    const job = `repeat:${id}:${next}`; // BullMQ leaves it if it is due
    const isDue = /^(waiting|prioritized)$/.test(await this.#queue.getJobState(job));
    if (isDue) await this.#mark(job, "its schedule was removed");
    return removed;
  }

  async #remove(id: string): Promise<boolean> {
    if (!mayBeJob(id)) return false;
    try {
      return await this.#queue.getJobState(id) !== "unknown" && await this.#queue.remove(id) === 1;
    } catch (error) {
      throw belongsToSchedule(error) ? ofSchedule(id) : error;
    }
  }
}

async function createStore(url: string): Promise<BullmqStore> {
  const scheme = /^([a-z]+):\/\//i.exec(url)?.[1]?.toLowerCase();
  if (!URL.canParse(url) || scheme === undefined || !/^(rediss?|postgres(ql)?)$/.test(scheme)) {
    throw invalid("open a queue by a URL of scheme", scheme ?? "…", "unsupported scheme", {
      hint: "Use redis://127.0.0.1:6379, or postgres://user:password@host/database.",
    });
  }
  const name = new URL(url).searchParams.get("queue") ?? "holdfast";
  if (!/^[A-Za-z0-9_.-]{1,100}$/.test(name)) {
    throw invalid("open queue", JSON.stringify(name), "invalid name", {
      hint: "Use 1 to 100 characters of A-Z a-z 0-9 _ . -",
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

/** Creates or updates tables, under a lock of the database. */
async function migrate(store: BullmqStore): Promise<void> {
  const pool = store.connection as { connect(): Promise<{ release(): void }> };
  const client = await pool.connect();
  try {
    await runMigrations(client as never);
  } finally {
    client.release();
  }
}
