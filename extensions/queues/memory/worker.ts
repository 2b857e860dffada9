// Workers of a queue in memory.
import { AsyncResource } from "node:async_hooks";
import { progressOf, reasonOf, resultOf } from "../checks/queue_checks.ts";
import type { JobHandler, QueueWorker, RateLimit, WorkerEvent, WorkOptions } from "../queue.ts";
import { alter, type Entry } from "./entry.ts";

export interface MemoryWorker extends QueueWorker {
  start(): void;
}

interface JobSource extends WorkOptions {
  next(rateLimit?: RateLimit): Entry | undefined;
  begin(entry: Entry): void;
  wait(entry: Entry, delayMs: number): void;
  end(entry: Entry, changes: Partial<Entry>): void;
}

/** The abort reason of jobs that return to the queue. */
const HANDED_BACK = "handed back";

/**
 * Creates a worker. Its jobs run in the asynchronous context of this call, as with remote queues:
 * not in that of a caller who added a job, such as a request whose sender is the author of changes.
 */
export function createMemoryWorker(handler: JobHandler, source: JobSource): MemoryWorker {
  const { concurrency = 1, rateLimit, onEvent = () => {}, next, begin, wait, end } = source;
  const running = new Map<Entry, Promise<void>>();
  let closed = false;
  const start = AsyncResource.bind(startJobs);

  function startJobs(): void {
    while (!closed && running.size < concurrency) {
      const entry = next(rateLimit);
      if (entry === undefined) return;
      running.set(entry, run(entry).finally(() => running.delete(entry)).then(start));
    }
  }

  function notify(event: WorkerEvent): void {
    try {
      onEvent(event);
    } catch { // a listener does not end a job
    }
  }

  async function run(entry: Entry): Promise<void> {
    const { id, group, kind, data, attempts = 1, backoffMs = 1000 } = entry.job;
    const controller = entry.controller = new AbortController();
    let isOver = false;
    const onProgress: Parameters<JobHandler>[1]["onProgress"] = (reported) => {
      const progress = structuredClone(progressOf(id, reported));
      if (!isOver) alter(entry, { progress });
    };
    begin(entry);
    try {
      await Promise.resolve(); // the caller continues first, as with remote queues
      notify({ event: "started", id, group });
      const taken = { id, group, kind, data: structuredClone(data) };
      const returned = await handler(taken, { signal: controller.signal, onProgress });
      const result = structuredClone(resultOf(id, returned));
      entry.attemptsMade++;
      end(entry, { state: "done", result });
      notify({ event: "done", id, group });
    } catch (error) {
      const reason = reasonOf(error);
      if (entry.cancelled === undefined && controller.signal.reason === HANDED_BACK) {
        wait(entry, 0);
        return notify({ event: "handed back", id, group });
      }
      entry.attemptsMade++;
      if (entry.cancelled !== undefined) {
        end(entry, { state: "cancelled", reason: entry.cancelled });
        return notify({ event: "cancelled", id, group });
      }
      const again = entry.attemptsMade < attempts;
      if (again) wait(entry, backoffMs * 2 ** (entry.attemptsMade - 1));
      else end(entry, { state: "failed", reason });
      notify({ event: "failed", id, group, reason, again });
    } finally {
      isOver = true;
    }
  }

  async function close({ handBack = false } = {}): Promise<void> {
    closed = true;
    if (handBack) { for (const entry of running.keys()) entry.controller!.abort(HANDED_BACK); }
    await Promise.all(running.values());
  }

  return {
    running: () => [...running.keys()].map(({ job }) => job.id),
    start,
    close,
    [Symbol.asyncDispose]: () => close(),
  };
}
