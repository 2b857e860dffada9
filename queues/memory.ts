/**
 * A queue in this process: the reference of the contract. Its jobs are gone with the process.
 *
 * @module
 */
import { messageOf } from "../core/errors.ts";
import { checkConcurrency, checkNewJob, resultOf } from "../core/pipelines/queue.ts";
import type { JobHandler, JobQueue, JobState, NewJob, QueuedJob, QueueWorker } from "../core/pipelines/queue.ts";
import type { WorkerEvent, WorkOptions } from "../core/pipelines/queue.ts";
import { realSystem } from "../core/system.ts";
import type { System } from "../core/system.ts";
import type { PlainValue } from "../core/text/plain_value.ts";

export type * from "../core/pipelines/queue.ts";
export type { System } from "../core/system.ts";

interface Entry {
  job: NewJob;
  state: JobState;
  tried: number;
  result?: PlainValue;
  reason?: string;
  /** Set where it was cancelled. */
  cancelled?: string;
  /** Of the worker that has it. */
  controller?: AbortController;
}

/** So many jobs that ended are known, the last ones, as by queues on servers. */
const MOST_ENDED = 100_000;

/** Options of {@linkcode createMemoryQueue}. */
export interface MemoryQueueOptions {
  /** So many jobs that ended are known, the last ones. @default 100000 */
  mostEnded?: number;
  /** Clock and sleep. */
  system?: System;
}

/** Thrown into a handler whose job goes back to the queue. */
const HANDED_BACK = "handed back";

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
export function createMemoryQueue(options: MemoryQueueOptions = {}): JobQueue {
  const { mostEnded = MOST_ENDED, system = realSystem } = options;
  const entries = new Map<string, Entry>();
  const waiting = new Set<Entry>();
  const ended = new Set<string>();
  const workers = new Set<{ look(): void; close(): Promise<void> }>();
  const closing = new AbortController();
  const look = () => workers.forEach((worker) => worker.look());

  /** The entry waits, at once or after a while. */
  function wait(entry: Entry, delayMs: number): void {
    entry.state = "delayed";
    if (delayMs === 0) return begin(entry);
    system.sleep(delayMs, closing.signal).then(() => begin(entry), () => {});
  }

  function begin(entry: Entry): void {
    if (entry.state !== "delayed" || entries.get(entry.job.id) !== entry) return; // it was cancelled, or removed
    entry.state = "waiting";
    waiting.add(entry);
    look();
  }

  /** Takes the next one. */
  function next(): Entry | undefined {
    let best: Entry | undefined;
    for (const entry of waiting) {
      if (best === undefined || (entry.job.priority ?? 0) < (best.job.priority ?? 0)) best = entry;
      if ((best.job.priority ?? 0) === 0) break; // nothing comes before it
    }
    if (best !== undefined) waiting.delete(best);
    return best;
  }

  /** The entry has ended: the one that ended before all others is forgotten where they are too many. */
  function end(entry: Entry, how: Pick<Entry, "state" | "result" | "reason">): void {
    Object.assign(entry, how);
    ended.add(entry.job.id);
    const [first] = ended;
    if (ended.size > mostEnded) forget(first);
  }

  function forget(id: string): boolean {
    const entry = entries.get(id);
    if (entry !== undefined) waiting.delete(entry);
    ended.delete(id);
    return entries.delete(id);
  }

  return {
    kind: "memory",
    location: "memory:",
    // deno-lint-ignore require-await -- what is refused is rejected
    async add(jobs) {
      const added: NewJob[] = [jobs].flat();
      added.forEach(checkNewJob);
      for (const job of added) {
        if (entries.has(job.id)) continue;
        const entry: Entry = { job: structuredClone(job), state: "waiting", tried: 0 };
        entries.set(job.id, entry);
        wait(entry, job.delayMs ?? 0);
      }
    },
    get: (id) => Promise.resolve(entries.has(id) ? told(entries.get(id)!) : undefined),
    list({ group } = {}) {
      const all = [...entries.values()].map(told);
      return Promise.resolve(all.filter((job) => group === undefined || job.group === group));
    },
    cancel(id, { reason = "cancelled" } = {}) {
      const entry = entries.get(id);
      if (entry?.state === "running") {
        entry.cancelled = reason;
        entry.controller!.abort(reason);
      } else if (entry?.state === "waiting" || entry?.state === "delayed") {
        waiting.delete(entry);
        end(entry, { state: "cancelled", reason });
      }
      return Promise.resolve();
    },
    remove: (id) => Promise.resolve(entries.get(id)?.state === "running" ? false : forget(id)),
    // deno-lint-ignore require-await -- what is refused is rejected
    async work(handler, options) {
      checkConcurrency(options?.concurrency ?? 1);
      const worker = createWorker(handler, { ...options, next, wait, end });
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

interface Source extends WorkOptions {
  next(): Entry | undefined;
  wait(entry: Entry, delayMs: number): void;
  end(entry: Entry, how: Pick<Entry, "state" | "result" | "reason">): void;
}

function createWorker(handler: JobHandler, source: Source): QueueWorker & { look(): void; close(): Promise<void> } {
  const { concurrency = 1, onEvent = () => {}, next, wait, end } = source;
  const running = new Map<Entry, Promise<void>>();
  let closed = false;

  function look(): void {
    while (!closed && running.size < concurrency) {
      const entry = next();
      if (entry === undefined) return;
      running.set(entry, run(entry).finally(() => running.delete(entry)).then(look));
    }
  }

  function tell(event: WorkerEvent): void {
    try {
      onEvent(event);
    } catch { // who listens does not end a job
    }
  }

  async function run(entry: Entry): Promise<void> {
    const { id, group, kind, data, attempts = 1, backoffMs = 1000 } = entry.job;
    const controller = entry.controller = new AbortController();
    entry.state = "running";
    entry.tried++;
    try {
      await Promise.resolve(); // what called it goes on first, as it does where a queue is far away
      tell({ event: "started", id, group });
      const returned = await handler({ id, group, kind, data: structuredClone(data) }, controller);
      end(entry, { state: "done", result: structuredClone(resultOf(id, returned)) });
      tell({ event: "done", id, group });
    } catch (error) {
      const reason = messageOf(error);
      if (entry.cancelled !== undefined) {
        end(entry, { state: "cancelled", reason: entry.cancelled });
        tell({ event: "cancelled", id, group });
      } else if (controller.signal.reason === HANDED_BACK) {
        entry.tried--;
        wait(entry, 0);
        tell({ event: "handed back", id, group });
      } else {
        const again = entry.tried < attempts;
        if (again) wait(entry, backoffMs * 2 ** (entry.tried - 1));
        else end(entry, { state: "failed", reason });
        tell({ event: "failed", id, group, reason, again });
      }
    }
  }

  async function close({ handBack = false } = {}): Promise<void> {
    closed = true;
    if (handBack) { for (const entry of running.keys()) entry.controller!.abort(HANDED_BACK); }
    await Promise.all(running.values());
  }

  return {
    running: () => [...running.keys()].map(({ job }) => job.id),
    look,
    close,
    [Symbol.asyncDispose]: () => close(),
  };
}

function told({ job: { id, group, kind, data }, state, result, reason }: Entry): QueuedJob {
  const job: QueuedJob = { id, group, kind, data: structuredClone(data), state };
  if (state === "done") job.result = structuredClone(result ?? null);
  if (state === "failed" || state === "cancelled") job.reason = reason;
  return job;
}
