/**
 * A queue in this process: the reference of the contract. Its jobs are gone with the process.
 *
 * @module
 */
import { checkNewJob, checkWorkOptions, notListed, ofSchedule } from "./checks/queue_checks.ts";
import type { JobQueue, NewJob, RateLimit } from "../core/queue.ts";
import { watchJob } from "./checks/watch_job.ts";
import { realSystem, type System } from "../core/system.ts";
import { alter, type Entry, told, untilAltered } from "./memory/entry.ts";
import { createSchedules } from "./memory/schedules.ts";
import { createMemoryWorker, type MemoryWorker } from "./memory/worker.ts";

export type * from "../core/queue.ts";
export type { SignalOptions } from "../core/registry.ts";
export type { System } from "../core/system.ts";
export type { PlainValue } from "../core/text/plain_value.ts";

/** So many jobs that ended are known, the last ones, as by queues on servers. */
const MOST_ENDED = 100_000;

/** The longest that one sleep lasts, milliseconds: a time further away, as that of a monthly schedule, is several. */
const LONGEST_SLEEP_MS = 2 ** 31 - 1;

/** Options of {@linkcode createMemoryQueue}. */
export interface MemoryQueueOptions {
  /** So many jobs that ended are known, the last ones. @default 100000 */
  mostEnded?: number;
  system?: System;
}

/**
 * Creates a queue in this process.
 *
 * @example
 * ```ts
 * import { createMemoryQueue } from "@holdfast/holdfast/queues/memory";
 * import { assertEquals } from "@std/assert";
 *
 * await using queue = createMemoryQueue();
 * await queue.add({ id: "greet-1", group: "greetings", kind: "greet", data: "Ada" });
 * const done = Promise.withResolvers<void>();
 * await using _worker = await queue.work((job) => `Hello ${job.data}`, {
 *   onEvent: ({ event }) => event === "done" && done.resolve(),
 * });
 * await done.promise;
 * assertEquals((await queue.get("greet-1"))?.result, "Hello Ada");
 * ```
 */
export function createMemoryQueue(
  { mostEnded = MOST_ENDED, system = realSystem }: MemoryQueueOptions = {},
): JobQueue {
  const entries = new Map<string, Entry>();
  const waiting = new Set<Entry>();
  const ended = new Set<string>();
  const workers = new Set<MemoryWorker>();
  const closing = new AbortController();
  const window = { untilMs: -Infinity, begun: 0, isAwaited: false };
  const look = () => workers.forEach((worker) => worker.look());
  const schedules = createSchedules({ system, has: (id) => entries.has(id), add, forget });

  function add(job: NewJob, schedule?: string): void {
    const entry: Entry = {
      ...{
        job: structuredClone(job),
        schedule,
        state: "waiting",
        attemptsMade: 0,
        addedAt: system.now(),
      },
      watchers: new Set(),
    };
    entries.set(job.id, entry);
    wait(entry, job.delayMs ?? 0);
  }

  function wait(entry: Entry, delayMs: number): void {
    alter(entry, { state: "delayed" });
    if (delayMs === 0) return ready(entry);
    sleepLong(delayMs).then(() => ready(entry), () => {});
  }

  async function sleepLong(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= LONGEST_SLEEP_MS) {
      await system.sleep(Math.min(left, LONGEST_SLEEP_MS), closing.signal);
    }
  }

  function ready(entry: Entry): void {
    if (entry.state !== "delayed" || entries.get(entry.job.id) !== entry) return; // it was cancelled, or removed
    alter(entry, { state: "waiting" });
    waiting.add(entry);
    look();
  }

  function next(rateLimit?: RateLimit): Entry | undefined {
    if (waiting.size === 0 || (rateLimit !== undefined && !mayBegin(rateLimit))) return undefined;
    let best: Entry | undefined;
    for (const entry of waiting) {
      if (best === undefined || (entry.job.priority ?? 0) < (best.job.priority ?? 0)) best = entry;
      if ((best.job.priority ?? 0) === 0) break; // nothing comes before it
    }
    waiting.delete(best!);
    return best;
  }

  /** Counts what is begun in a window of time, and has workers look again at its end where it is full. */
  function mayBegin({ max, perMs }: RateLimit): boolean {
    const now = system.monotonic();
    if (now >= window.untilMs) Object.assign(window, { untilMs: now + perMs, begun: 0 });
    if (window.begun < max) return ++window.begun > 0;
    if (!window.isAwaited) {
      window.isAwaited = true;
      system.sleep(Math.ceil(window.untilMs - now), closing.signal).then(() => {
        window.isAwaited = false;
        look();
      }, () => {});
    }
    return false;
  }

  function begin(entry: Entry): void {
    alter(entry, { state: "running", startedAt: system.now() });
    planNext(entry);
  }

  /** What a schedule has next is planned once for each of its jobs, however often that is tried. */
  function planNext(entry: Entry): void {
    const { schedule } = entry;
    if (schedule === undefined) return;
    delete entry.schedule;
    schedules.begun(schedule);
  }

  /** The entry has ended: the one that ended before all others is forgotten where they are too many. */
  function end(entry: Entry, how: Partial<Entry>): void {
    alter(entry, { ...how, endedAt: system.now() });
    ended.add(entry.job.id);
    const [first] = ended;
    if (ended.size > mostEnded) forget(first);
  }

  function forget(id: string): boolean {
    const entry = entries.get(id);
    ended.delete(id);
    entries.delete(id);
    if (entry === undefined) return false;
    waiting.delete(entry);
    alter(entry, {});
    return true;
  }

  return {
    kind: "memory",
    location: "memory:",
    // deno-lint-ignore require-await -- what is refused is rejected
    async add(jobs) {
      const added: NewJob[] = [jobs].flat();
      added.forEach(checkNewJob);
      for (const job of added) if (!entries.has(job.id)) add(job);
    },
    get: (id) => Promise.resolve(entries.has(id) ? told(entries.get(id)!) : undefined),
    // deno-lint-ignore require-await -- what is refused is rejected
    async list({ group, state, after, limit } = {}) {
      const fitting = [...entries.values()].filter((entry) =>
        (group === undefined || entry.job.group === group) &&
        (state === undefined || entry.state === state)
      );
      const from = after === undefined ? 0 : fitting.findIndex(({ job }) => job.id === after) + 1;
      if (after !== undefined && from === 0) throw notListed(after);
      return fitting.slice(from, limit === undefined ? undefined : from + limit).map(told);
    },
    watch: (id, watching) =>
      watchJob({
        look: () => Promise.resolve(entries.has(id) ? told(entries.get(id)!) : undefined),
        next: (signal) =>
          entries.has(id) ? untilAltered(entries.get(id)!, signal) : Promise.resolve(),
      }, watching),
    cancel(id, { reason = "cancelled" } = {}) {
      const entry = entries.get(id);
      if (entry?.state === "running") {
        entry.cancelled = reason;
        entry.controller!.abort(reason);
      } else if (entry?.state === "waiting" || entry?.state === "delayed") {
        waiting.delete(entry);
        end(entry, { state: "cancelled", reason });
        planNext(entry);
      }
      return Promise.resolve();
    },
    retry(id) {
      const entry = entries.get(id);
      if (entry?.state !== "failed" && entry?.state !== "cancelled") return Promise.resolve(false);
      ended.delete(id);
      const before = {
        attemptsMade: 0,
        startedAt: undefined,
        endedAt: undefined,
        reason: undefined,
      };
      Object.assign(entry, { ...before, cancelled: undefined });
      wait(entry, 0);
      return Promise.resolve(true);
    },
    // deno-lint-ignore require-await -- what is refused is rejected
    async remove(id) {
      const entry = entries.get(id);
      if (entry?.state === "running") return false;
      if (entry?.schedule !== undefined) throw ofSchedule(id);
      return forget(id);
    },
    schedule: (schedule) => schedules.schedule(schedule),
    unschedule: (id) => Promise.resolve(schedules.unschedule(id)),
    schedules: () => Promise.resolve(schedules.list()),
    // deno-lint-ignore require-await -- what is refused is rejected
    async work(handler, options = {}) {
      checkWorkOptions(options);
      const worker = createMemoryWorker(handler, { ...options, next, begin, wait, end });
      workers.add(worker);
      worker.look();
      return worker;
    },
    async [Symbol.asyncDispose]() {
      closing.abort();
      for (const worker of workers) await worker.close();
    },
  };
}
