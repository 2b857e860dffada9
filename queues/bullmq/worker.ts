// What takes jobs that BullMQ keeps.
import { type Job, UnrecoverableError, WaitingError, Worker } from "npm:bullmq@^6";
import { messageOf } from "../../core/errors.ts";
import { progressOf, resultOf } from "../../core/services/queue_checks.ts";
import type {
  JobHandler,
  QueueWorker,
  WorkerEvent,
  WorkOptions,
} from "../../core/services/queue.ts";
import { withDeadline } from "../../core/retry.ts";
import type { System } from "../../core/system.ts";
import type { PlainValue } from "../../core/text/plain_value.ts";
import { cancellationOf, formOf, type JobForm, type ProgressForm } from "./job_form.ts";
import type { BullmqStore } from "./store.ts";
import { TRIM_EVERY } from "./trim.ts";

/** A worker that was not heard of for so long is taken for dead, milliseconds: it tells of itself twice in this time. */
const LOCK_MS = 5_000;
/** How often others look for the dead, milliseconds. Both together are below ten seconds. */
const STALLED_EVERY_MS = 3_000;
/** How often a worker looks whether its jobs were cancelled, milliseconds. */
const LOOK_EVERY_MS = 500;
/** How long it waits before it asks a server again that did not answer, milliseconds. */
const ASK_AGAIN_MS = 1_000;
/** How long it waits before it tells the end of a job again, milliseconds. */
const TELL_AGAIN_MS = 200;
/** A job whose worker died may be begun again so often: that is no fault of its own. */
const MOST_DEATHS = 1_000_000;

export interface BullmqWorkerOptions extends WorkOptions {
  store: BullmqStore;
  settings: never;
  backend: unknown;
  /** How long it may take until it is ready, milliseconds. */
  readyWithinMs: number;
  system: System;
  /** Forgets jobs that ended, where they are too many; called now and then. @default the server does so */
  trim?(): Promise<void>;
  find(id: string): Promise<Job<JobForm> | undefined>;
}

interface Running {
  job: Job<JobForm>;
  controller: AbortController;
  startedAt: number;
  handBack: boolean;
  cancelled?: string;
}

export async function createBullmqWorker(
  handler: JobHandler,
  options: BullmqWorkerOptions,
): Promise<QueueWorker> {
  const {
    store,
    settings,
    backend,
    system,
    find,
    readyWithinMs,
    concurrency = 1,
    rateLimit,
    onEvent = () => {},
  } = options;
  const running = new Map<string, Running>();
  const over = new AbortController();
  let looking: Promise<void> | undefined;
  let ended = 0;

  async function run(job: Job<JobForm>, token?: string): Promise<PlainValue> {
    const { id = "", name: kind } = job;
    const { group, data } = formOf(job);
    const cancelled = cancellationOf(job);
    if (cancelled !== undefined) throw neverAgain(cancelled);
    const entry: Running = {
      job,
      controller: new AbortController(),
      startedAt: system.monotonic(),
      handBack: false,
    };
    const progress = createProgress(job);
    running.set(id, entry);
    keepCompleting(job);
    looking ??= look();
    tell({ event: "started", id, group });
    try {
      const { signal } = entry.controller;
      const result = resultOf(
        id,
        await handler({ id, group, kind, data }, { signal, onProgress: progress.say }),
      );
      await progress.told();
      return result;
    } catch (error) {
      await progress.told();
      if (entry.cancelled !== undefined) throw neverAgain(entry.cancelled);
      if (!entry.handBack) throw error;
      try {
        await job.moveToWait(token);
        tell({ event: "handed back", id, group });
      } catch (error) { // others have it as soon as this worker is taken for dead
        tell({ event: "trouble", reason: messageOf(error) });
      }
      throw elsewhere();
    } finally {
      if (running.get(id) === entry) running.delete(id); // it may be here again, after it was lost
    }
  }

  /**
   * Has the end of a job told until the server has it, or others have the job by now: BullMQ takes a connection that
   * broke then for a failure of the job, though that was done.
   */
  function keepCompleting(job: Job<JobForm>): void {
    const complete = job.moveToCompleted.bind(job);
    job.moveToCompleted = async (...args) => {
      const untilMs = system.monotonic() + LOCK_MS;
      for (;;) {
        try {
          return await complete(...args);
        } catch (error) {
          if (typeof (error as { code?: unknown } | null)?.code === "number") throw error; // the server's answer
          tell({ event: "trouble", reason: messageOf(error) });
          if (system.monotonic() >= untilMs) throw elsewhere();
          await system.sleep(TELL_AGAIN_MS);
        }
      }
    };
  }

  /** Tells the server how far a job is: the last that it said, where it says more than the server takes. */
  function createProgress(
    job: Job<JobForm>,
  ): { say(progress: PlainValue): void; told(): Promise<void> } {
    let next: ProgressForm | undefined;
    let telling: Promise<void> | undefined;
    async function tellAll(): Promise<void> {
      try {
        while (next !== undefined) {
          const said = next;
          next = undefined;
          await job.updateProgress(said);
        }
      } catch (error) {
        tell({ event: "trouble", reason: messageOf(error) });
      } finally {
        telling = undefined;
      }
    }
    return {
      say(progress) {
        next = { said: structuredClone(progressOf(job.id ?? "", progress)) };
        telling ??= tellAll();
      },
      told: async () => await telling,
    };
  }

  /** Jobs that others have by now, or will: this worker was silent for too long. */
  function lose(ids: readonly string[]): void {
    for (const id of ids) running.get(id)?.controller.abort("taken over");
  }

  /** Looks, as long as there are jobs under way, whether they were cancelled. */
  async function look(): Promise<void> {
    try {
      while (running.size > 0) {
        await system.sleep(LOOK_EVERY_MS, over.signal);
        for (const [id, entry] of running) {
          if (system.monotonic() - entry.startedAt < LOOK_EVERY_MS / 2) continue; // most are done before the next look
          const cancelled = cancellationOf(await find(id) ?? { data: undefined });
          if (cancelled === undefined || entry.cancelled !== undefined) continue;
          entry.cancelled = cancelled;
          entry.controller.abort(cancelled);
        }
      }
    } catch (error) {
      if (!over.signal.aborted) tell({ event: "trouble", reason: messageOf(error) });
    } finally {
      looking = undefined;
    }
    if (running.size > 0 && !over.signal.aborted) looking = look();
  }

  function tell(event: WorkerEvent): void {
    try {
      onEvent(event);
    } catch { // who listens does not end a job
    }
  }

  function end(event: WorkerEvent): void {
    tell(event);
    if (++ended % TRIM_EVERY > 0) return;
    options.trim?.().catch((error) => tell({ event: "trouble", reason: messageOf(error) }));
  }

  const worker = new Worker(
    store.queue,
    (job: Job<JobForm>, token?: string) => run(job, token),
    {
      ...(settings as object),
      concurrency,
      lockDuration: LOCK_MS,
      stalledInterval: STALLED_EVERY_MS,
      maxStalledCount: MOST_DEATHS,
      runRetryDelay: ASK_AGAIN_MS,
      ...(rateLimit === undefined
        ? {}
        : { limiter: { max: rateLimit.max, duration: rateLimit.perMs } }),
    } as never,
    backend as never,
  );
  worker.on("error", (error) => tell({ event: "trouble", reason: messageOf(error) }));
  worker.on("lockRenewalFailed", lose);
  worker.on("stalled", (id) => tell({ event: "taken over", id }));
  worker.on(
    "completed",
    (job) => end({ event: "done", id: job.id ?? "", group: formOf(job).group }),
  );
  worker.on("failed", (job, error) => {
    if (job === undefined) return;
    const { id = "", attemptsMade, opts: { attempts = 1 } } = job;
    const { group } = formOf(job);
    if (error instanceof UnrecoverableError) return end({ event: "cancelled", id, group });
    end({ event: "failed", id, group, reason: messageOf(error), again: attemptsMade < attempts });
  });
  try {
    await withDeadline(worker.waitUntilReady(), { timeoutMs: readyWithinMs }); // closed before, it leaves a connection
  } catch (error) {
    await worker.close(true); // it would take jobs as soon as the server is back, and nobody could close it
    throw error;
  }

  async function close({ handBack = false } = {}): Promise<void> {
    if (handBack) {
      for (const entry of running.values()) {
        entry.handBack = true;
        entry.controller.abort("handed back");
      }
    }
    await worker.close();
    over.abort();
  }

  return { running: () => [...running.keys()], close, [Symbol.asyncDispose]: () => close() };
}

/** What BullMQ takes as the end of a job, however many attempts are left. */
function neverAgain(reason: string): Error {
  // deno-lint-ignore holdfast/registry-errors -- BullMQ knows it by its class
  return new UnrecoverableError(reason);
}

/** What tells BullMQ that a job is no longer this worker's. */
function elsewhere(): Error {
  // deno-lint-ignore holdfast/registry-errors -- BullMQ knows it by its class
  return new WaitingError();
}
