/**
 * A queue in this process: the reference of the contract. Its jobs end with the process.
 *
 * @module
 */
import {
  checkNewJob,
  checkWorkOptions,
  ofSchedule,
  pageOf,
  reasonOf,
} from "./checks/queue_checks.ts";
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
  RateLimit,
  WatchJobOptions,
  WorkOptions,
} from "./queue.ts";
import { watchJob } from "./checks/watch_job.ts";
import type { PlainValue } from "../../materializers/mod.ts";
import type { System } from "../../mod.ts";
export type { PlainValue } from "../../materializers/mod.ts";
export type { SignalOptions } from "../../registry/mod.ts";
export type { System } from "../../mod.ts";
import { inTurns, realSystem } from "../../core/kernel.ts";
import { alter, type Entry, untilAltered, viewOf } from "./memory/entry.ts";
import { createSchedules, type Schedules } from "./memory/schedules.ts";
import { createMemoryWorker, type MemoryWorker } from "./memory/worker.ts";

export type * from "./queue.ts";

const MOST_ENDED = 100_000; // as in queues on servers

/** The longest timer, milliseconds. Longer delays, as of a monthly schedule, take several. */
const LONGEST_SLEEP_MS = 2 ** 31 - 1;

export function createMemoryQueue(
  { mostEnded = MOST_ENDED, system = realSystem }: {
    /** The number of ended jobs that are kept. @default 100000 */
    mostEnded?: number;
    system?: System;
  } = {},
): JobQueue {
  return new MemoryQueue(mostEnded, system);
}

class MemoryQueue implements JobQueue {
  readonly kind = "memory";
  readonly location = "memory:";
  readonly #mostEnded: number;
  readonly #system: System;
  readonly #entries = new Map<string, Entry>();
  readonly #waiting = new Set<Entry>();
  readonly #ended = new Set<string>();
  readonly #workers = new Set<MemoryWorker>();
  readonly #closing = new AbortController();
  /** The period in which started jobs are counted. */
  readonly #window = { untilMs: -Infinity, begun: 0, isAwaited: false };
  readonly #schedules: Schedules;

  constructor(mostEnded: number, system: System) {
    this.#mostEnded = mostEnded;
    this.#system = system;
    this.#schedules = createSchedules({
      system,
      has: (id) => this.#entries.has(id),
      add: (job, schedule) => this.#add(job, schedule),
      forget: (id) => this.#forget(id),
    });
  }

  // deno-lint-ignore require-await -- errors must be rejections
  async add(jobs: NewJob | readonly NewJob[]): Promise<void> {
    const added: NewJob[] = [jobs].flat();
    added.forEach(checkNewJob);
    for (const job of added) if (!this.#entries.has(job.id)) this.#add(job);
  }

  get(id: string): Promise<QueuedJob | undefined> {
    const entry = this.#entries.get(id);
    return Promise.resolve(entry && structuredClone(viewOf(entry)));
  }

  async list(options: ListJobsOptions = {}): Promise<QueuedJob[]> {
    const facts = ({ job: { id, group }, state }: Entry) => ({ id, group, state });
    const jobs = pageOf([...this.#entries.values()], options, facts).map(viewOf); // of one moment
    return await Array.fromAsync(inTurns(jobs, 20), (job) => structuredClone(job));
  }

  watch(id: string, options?: WatchJobOptions): AsyncIterable<JobEvent> {
    const next = (signal?: AbortSignal) => {
      const entry = this.#entries.get(id);
      return entry === undefined ? Promise.resolve() : untilAltered(entry, signal);
    };
    return watchJob({ read: () => this.get(id), next }, options);
  }

  cancel(id: string, { reason = "cancelled" }: { reason?: string } = {}): Promise<void> {
    const entry = this.#entries.get(id);
    reason = reasonOf(reason);
    if (entry?.state === "running") {
      entry.cancelled = reason;
      entry.controller!.abort(reason);
    } else if (entry?.state === "waiting" || entry?.state === "delayed") {
      this.#waiting.delete(entry);
      this.#end(entry, { state: "cancelled", reason });
      this.#planNext(entry);
    }
    return Promise.resolve();
  }

  retry(id: string): Promise<boolean> {
    const entry = this.#entries.get(id);
    if (entry?.state !== "failed" && entry?.state !== "cancelled") return Promise.resolve(false);
    this.#ended.delete(id);
    entry.attemptsMade = 0;
    entry.startedAt = entry.endedAt = undefined;
    entry.reason = entry.cancelled = undefined;
    this.#wait(entry, 0);
    return Promise.resolve(true);
  }

  // deno-lint-ignore require-await -- errors must be rejections
  async remove(id: string): Promise<boolean> {
    const entry = this.#entries.get(id);
    if (entry?.state === "running") return false;
    if (entry?.schedule !== undefined) throw ofSchedule(id);
    return this.#forget(id);
  }

  schedule(schedule: NewSchedule): Promise<void> {
    return this.#schedules.schedule(schedule);
  }

  unschedule(id: string): Promise<boolean> {
    return Promise.resolve(this.#schedules.unschedule(id));
  }

  schedules(): Promise<JobSchedule[]> {
    return Promise.resolve(this.#schedules.list());
  }

  // deno-lint-ignore require-await -- errors must be rejections
  async work<Data extends PlainValue>(
    handler: JobHandler<Data>,
    options: WorkOptions = {},
  ): Promise<QueueWorker> {
    checkWorkOptions(options);
    const worker = createMemoryWorker(handler as unknown as JobHandler, {
      ...options,
      next: (rateLimit) => this.#next(rateLimit),
      begin: (entry) => this.#begin(entry),
      wait: (entry, delayMs) => this.#wait(entry, delayMs),
      end: (entry, how) => this.#end(entry, how),
    });
    this.#workers.add(worker);
    worker.start();
    return worker;
  }

  close(): Promise<void> {
    return this[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    for (const worker of this.#workers) await worker.close();
  }

  #startJobs(): void {
    this.#workers.forEach((worker) => worker.start());
  }

  #add(job: NewJob, schedule?: string): void {
    const entry: Entry = {
      job: structuredClone(job),
      schedule,
      state: "waiting",
      attemptsMade: 0,
      addedAt: this.#system.now(),
      watchers: new Set(),
    };
    this.#entries.set(job.id, entry);
    this.#wait(entry, job.delayMs ?? 0);
  }

  #wait(entry: Entry, delayMs: number): void {
    alter(entry, { state: "delayed" });
    if (delayMs === 0) return this.#ready(entry);
    this.#sleepLong(delayMs).then(() => this.#ready(entry), () => {});
  }

  async #sleepLong(ms: number): Promise<void> {
    for (let remainingMs = ms; remainingMs > 0; remainingMs -= LONGEST_SLEEP_MS) {
      await this.#system.sleep(Math.min(remainingMs, LONGEST_SLEEP_MS), this.#closing.signal);
    }
  }

  #ready(entry: Entry): void {
    if (entry.state !== "delayed" || this.#entries.get(entry.job.id) !== entry) return; // cancelled
    alter(entry, { state: "waiting" });
    this.#waiting.add(entry);
    this.#startJobs();
  }

  #next(rateLimit?: RateLimit): Entry | undefined {
    if (this.#waiting.size === 0 || (rateLimit !== undefined && !this.#mayBegin(rateLimit))) {
      return undefined;
    }
    let best: Entry | undefined;
    for (const entry of this.#waiting) {
      if (best === undefined || (entry.job.priority ?? 0) < (best.job.priority ?? 0)) best = entry;
      if ((best.job.priority ?? 0) === 0) break; // the highest priority
    }
    this.#waiting.delete(best!);
    return best;
  }

  /** Counts the jobs that start in a period. If it is full, workers try again at its end. */
  #mayBegin({ max, perMs }: RateLimit): boolean {
    const window = this.#window;
    const now = this.#system.monotonic();
    if (now >= window.untilMs) Object.assign(window, { untilMs: now + perMs, begun: 0 });
    if (window.begun < max) return ++window.begun > 0;
    if (!window.isAwaited) {
      window.isAwaited = true;
      this.#system.sleep(Math.ceil(window.untilMs - now), this.#closing.signal).then(() => {
        window.isAwaited = false;
        this.#startJobs();
      }, () => {});
    }
    return false;
  }

  #begin(entry: Entry): void {
    alter(entry, { state: "running", startedAt: this.#system.now() });
    this.#planNext(entry);
  }

  /** Plans the next job of a schedule, once per job, however often that is retried. */
  #planNext(entry: Entry): void {
    const { schedule } = entry;
    if (schedule === undefined) return;
    delete entry.schedule;
    this.#schedules.begun(schedule);
  }

  /** Ends a job, and forgets the oldest ended one if there are too many. */
  #end(entry: Entry, changes: Partial<Entry>): void {
    alter(entry, { ...changes, endedAt: this.#system.now() });
    this.#ended.add(entry.job.id);
    const [first] = this.#ended;
    if (first !== undefined && this.#ended.size > this.#mostEnded) this.#forget(first);
  }

  #forget(id: string): boolean {
    const entry = this.#entries.get(id);
    this.#ended.delete(id);
    this.#entries.delete(id);
    if (entry === undefined) return false;
    this.#waiting.delete(entry);
    alter(entry, {});
    return true;
  }
}
