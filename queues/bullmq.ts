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
} from "../core/queue.ts";
import { watchJob } from "./checks/watch_job.ts";
import { withDeadline } from "../core/retry.ts";
import { realSystem, type System } from "../core/system.ts";
import { loadPart } from "../core/urls/load_part.ts";
import { type BullmqStore, failure } from "./bullmq/store.ts";
import { formOf, type JobForm, optionsOf, readJob, stateOf } from "./bullmq/job_form.ts";
import { told, toldDamaged } from "./bullmq/job_form.ts";
import { listJobs } from "./bullmq/list.ts";
import { createBullmqSchedules } from "./bullmq/schedules.ts";
import { belongsToSchedule, trimEnded } from "./bullmq/trim.ts";
import { BullmqWorker, type BullmqWorkerOptions } from "./bullmq/worker.ts";

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
  try {
    await withDeadline(store.ready(), { timeoutMs: connectWithinMs });
    if (backend !== undefined) await migrate(store);
    const queue = new Queue(store.queue, settings, backend as never);
    queue.on("error", () => {}); // each request tells of its own failure
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
  readonly #schedules: ReturnType<typeof createBullmqSchedules>;
  #closed = false;

  constructor(queue: Queue, connection: Connection) {
    const { store, system } = connection;
    this.kind = store.kind;
    this.location = store.location;
    this.#queue = queue;
    this.#connection = connection;
    this.#schedules = createBullmqSchedules(queue, {
      kind: store.kind,
      ask: (what, answer, options) => this.#ask(what, answer, options),
      now: () => system.now(),
    });
  }

  async add(jobs: NewJob | readonly NewJob[], options?: SignalOptions): Promise<void> {
    const added = [jobs].flat();
    added.forEach(checkNewJob);
    const bulk = added.map((job) => ({
      name: job.kind,
      data: { group: job.group, data: job.data } satisfies JobForm,
      opts: optionsOf(job, this.kind),
    }));
    if (bulk.length === 1) {
      const [{ name, data, opts }] = bulk;
      return void await this.#ask("add jobs to", this.#queue.add(name, data, opts), options);
    }
    for (let from = 0; from < bulk.length; from += ADDED_AT_ONCE) {
      const some = bulk.slice(from, from + ADDED_AT_ONCE);
      await this.#ask("add jobs to", this.#queue.addBulk(some), options);
    }
  }

  async get(id: string, options?: SignalOptions): Promise<QueuedJob | undefined> {
    return await this.#ask("look into", this.#look(id), options);
  }

  async list(options: ListJobsOptions = {}): Promise<QueuedJob[]> {
    const listed = listJobs(this.#queue, { ...options, store: this.kind });
    return await this.#ask("list jobs of", listed, options);
  }

  watch(id: string, options?: WatchJobOptions): AsyncIterable<JobEvent> {
    const { system } = this.#connection;
    return watchJob({
      look: () => this.get(id, options),
      next: (signal) => system.sleep(LOOK_EVERY_MS, signal),
    }, options);
  }

  async cancel(
    id: string,
    { reason = "cancelled", signal }: SignalOptions & { reason?: string } = {},
  ): Promise<void> {
    await this.#ask("cancel a job of", this.#mark(id, reason), { signal });
  }

  async retry(id: string, options?: SignalOptions): Promise<boolean> {
    return await this.#ask("retry a job of", this.#retry(id), options);
  }

  async remove(id: string, options?: SignalOptions): Promise<boolean> {
    return await this.#ask("remove a job of", this.#remove(id), options);
  }

  schedule(schedule: NewSchedule, options?: SignalOptions): Promise<void> {
    return this.#schedules.schedule(schedule, options);
  }

  unschedule(id: string, options?: SignalOptions): Promise<boolean> {
    return this.#schedules.unschedule(id, options);
  }

  schedules(options?: SignalOptions): Promise<JobSchedule[]> {
    return this.#schedules.schedules(options);
  }

  async work(handler: JobHandler, options: WorkOptions = {}): Promise<QueueWorker> {
    checkWorkOptions(options);
    const { answerWithinMs, ...connection } = this.#connection;
    const worker = await BullmqWorker.open(handler, {
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

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const worker of this.#workers) await worker.close();
    await this.#queue.close();
    await this.#connection.store.close();
  }

  async #ask<T>(what: string, answer: Promise<T>, { signal }: SignalOptions = {}): Promise<T> {
    const { store, answerWithinMs } = this.#connection;
    try {
      return await withDeadline(answer, { timeoutMs: answerWithinMs, signal });
    } catch (error) {
      signal?.throwIfAborted();
      throw failure(what, store, error);
    }
  }

  async #find(id: string): Promise<Job<JobForm> | undefined> {
    return isReservedId(id) ? undefined : await readJob(this.#queue, id);
  }

  async #look(id: string): Promise<QueuedJob | undefined> {
    try {
      const job = await this.#find(id);
      if (job === undefined) return undefined;
      const state = await this.#queue.getJobState(id);
      // It ended, or went, between the two.
      const fresh = state === "completed" || state === "failed" ? await this.#find(id) : job;
      return fresh === undefined || state === "unknown" ? undefined : told(fresh, stateOf(state));
    } catch (error) {
      return toldDamaged(id, stateOf(await this.#queue.getJobState(id)), error);
    }
  }

  /**
   * Marks a job as cancelled. Only its worker may end an active job, and one that waits may be taken while it is
   * removed, so the worker that has it, or gets it, ends it.
   */
  async #mark(id: string, reason: string): Promise<void> {
    const job = await this.#find(id);
    await job?.updateData({ ...job.data, cancelled: reason });
  }

  async #retry(id: string): Promise<boolean> {
    const job = await this.#find(id);
    if (job === undefined) return false;
    const { group, data, cancelled } = formOf(job);
    const before = await this.#queue.getJobState(id);
    if (before === "active" || before === "completed") return false;
    if (cancelled !== undefined) await job.updateData({ group, data });
    const failed = await this.#queue.getJobState(id) === "failed";
    if (failed) await job.retry("failed", { resetAttemptsMade: true });
    return failed || cancelled !== undefined;
  }

  async #remove(id: string): Promise<boolean> {
    if (isReservedId(id)) return false;
    try {
      return await this.#queue.getJobState(id) !== "unknown" && await this.#queue.remove(id) === 1;
    } catch (error) {
      throw belongsToSchedule(error) ? ofSchedule(id) : error;
    }
  }
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
