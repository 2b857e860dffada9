// Workers of BullMQ.
import { type Job, UnrecoverableError, WaitingError, Worker } from "npm:bullmq@^6";
import type { PlainValue } from "../../../materializers/mod.ts";
import type { System } from "../../../mod.ts";
import { messageOf, withDeadline } from "../../../core/kernel.ts";
import { progressOf, reasonOf, resultOf } from "../checks/queue_checks.ts";
import type { JobHandler, QueueWorker, WorkerEvent, WorkOptions } from "../queue.ts";
import { cancellationOf, formOf, keptOptionsOf } from "./job_form.ts";
import type { JobForm, ProgressForm } from "./job_form.ts";
import type { BullmqStore } from "./store.ts";
import { TRIM_EVERY } from "./trim.ts";

/**
 * The time after which a silent worker is presumed dead, milliseconds; it renews twice as often.
 */
const LOCK_MS = 5_000;
/** The interval of checks for dead workers, milliseconds. Together they take less than 10 s. */
const STALLED_EVERY_MS = 3_000;
/** The polling interval of cancellations, milliseconds. */
const POLL_MS = 500;
/** The delay before the next request to a server without an answer, milliseconds. */
const ASK_AGAIN_MS = 1_000;
/** The delay before the end of a job is reported again, milliseconds. */
const REPORT_AGAIN_MS = 200;
/** The longest wait for a server that does not answer, with no job running, milliseconds. */
const LEAVE_MS = 10_000;
/** The number of lost workers after which a job fails: the job may be the cause. */
const MOST_LOST = 3;
const LOST = `it ran in ${MOST_LOST} workers that were lost`;

export interface BullmqWorkerOptions extends WorkOptions {
  store: BullmqStore;
  settings: never;
  backend: unknown;
  /** The time limit until the worker is ready, milliseconds. */
  readyWithinMs: number;
  system: System;
  /** Removes old jobs, once per {@linkcode TRIM_EVERY}. @default the server does so */
  trim?(): Promise<void>;
  find(id: string): Promise<Job<JobForm> | undefined>;
}

interface Running {
  controller: AbortController;
  startedAt: number;
  handBack: boolean;
  /** Its handler has ended; the server may not know. */
  isOver: boolean;
  cancelled?: string;
}

export class BullmqWorker implements QueueWorker {
  readonly #handler: JobHandler;
  readonly #options: BullmqWorkerOptions;
  readonly #running = new Map<string, Running>();
  readonly #closed = new AbortController();
  readonly #worker: Worker;
  #polling?: Promise<void>;
  #closing?: Promise<void>;
  #ended = 0;

  static async open(handler: JobHandler, options: BullmqWorkerOptions): Promise<BullmqWorker> {
    const worker = new BullmqWorker(handler, options);
    const timeoutMs = options.readyWithinMs;
    try {
      await withDeadline(worker.#worker.waitUntilReady(), { timeoutMs });
    } catch (error) {
      await worker.#worker.close(true); // else it takes jobs when the server is back
      throw error;
    }
    return worker;
  }

  private constructor(handler: JobHandler, options: BullmqWorkerOptions) {
    const { store, settings, backend, concurrency = 1, rateLimit } = options;
    this.#handler = handler;
    this.#options = options;
    const limiter = rateLimit && { max: rateLimit.max, duration: rateLimit.perMs };
    this.#worker = new Worker(
      store.queue,
      (job: Job<JobForm>, token?: string) => this.#run(job, token),
      {
        ...(settings as object),
        concurrency,
        lockDuration: LOCK_MS,
        stalledInterval: STALLED_EVERY_MS,
        maxStalledCount: 1_000_000, // `#run` counts: BullMQ exempts jobs of schedules
        ...keptOptionsOf(store.kind),
        runRetryDelay: ASK_AGAIN_MS,
        ...limiter && { limiter },
      } as never,
      backend as never,
    );
    this.#worker.on("error", (error) => this.#trouble(error));
    this.#worker.on("lockRenewalFailed", (ids) => { // other workers have them, or will
      for (const id of ids) this.#running.get(id)?.controller.abort("taken over");
    });
    this.#worker.on("stalled", (id) => this.#notify({ event: "taken over", id }));
    this.#worker.on(
      "completed",
      (job) => this.#end({ event: "done", id: job.id ?? "", group: formOf(job).group }),
    );
    this.#worker.on("failed", (job, error) => {
      if (job === undefined) return;
      const { id = "", attemptsMade, opts: { attempts = 1 } } = job;
      const { group } = formOf(job);
      const reason = messageOf(error);
      const isLast = error instanceof UnrecoverableError;
      if (isLast && reason !== LOST) return this.#end({ event: "cancelled", id, group });
      const again = !isLast && attemptsMade < attempts;
      this.#end({ event: "failed", id, group, reason, again });
    });
  }

  // Callers may use these without their worker.
  readonly running = (): string[] => [...this.#running.keys()];

  readonly close = async ({ handBack = false }: { handBack?: boolean } = {}): Promise<void> => {
    for (const entry of handBack ? this.#running.values() : []) {
      entry.handBack = true;
      entry.controller.abort("handed back");
    }
    await (this.#closing ??= this.#close());
  };

  /**
   * Waits for running jobs and for the server, but not for one that is away: another worker then
   * takes a finished job again, and its connections end with those of the queue.
   */
  async #close(): Promise<void> {
    const { system } = this.#options;
    const settled = new AbortController();
    const isWorking = () => [...this.#running.values()].some(({ isOver }) => !isOver);
    const late = async () => {
      for (let idleMs = 0; idleMs < LEAVE_MS; idleMs = isWorking() ? 0 : idleMs + POLL_MS) {
        await system.sleep(POLL_MS, settled.signal);
      }
      this.#trouble("the queue does not answer; leaving it as it is");
    };
    const closing = this.#worker.close();
    try {
      await Promise.race([closing, late()]);
    } finally {
      closing.catch(() => {}); // when its connections end
      settled.abort();
      this.#closed.abort();
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #run(job: Job<JobForm>, token?: string): Promise<PlainValue> {
    const { id = "", name: kind } = job;
    const { group, data, lost = 0 } = formOf(job);
    job.opts.stackTraceLimit = 0; // stacks may contain secrets
    const cancelled = cancellationOf(job);
    if (cancelled !== undefined) throw neverAgain(cancelled);
    if (job.stalledCounter - lost >= MOST_LOST) throw neverAgain(LOST);
    const startedAt = this.#options.system.monotonic();
    const controller = new AbortController();
    const entry: Running = { controller, startedAt, handBack: false, isOver: false };
    const progress = this.#progressOf(job);
    this.#running.set(id, entry);
    this.#keepCompleting(job);
    this.#polling ??= this.#poll();
    this.#notify({ event: "started", id, group });
    try {
      const options = { signal: entry.controller.signal, onProgress: progress.update };
      const result = resultOf(id, await this.#handler({ id, group, kind, data }, options));
      entry.isOver = true;
      await progress.flush();
      return result;
    } catch (error) {
      entry.isOver = true;
      await progress.flush();
      if (entry.cancelled !== undefined) throw neverAgain(entry.cancelled);
      // BullMQ reads `message` of what is thrown, and takes errors by their names for its own.
      // deno-lint-ignore holdfast/registry-errors -- only its message is stored
      if (!entry.handBack) throw new Error(reasonOf(error));
      try {
        await job.moveToWait(token);
        this.#notify({ event: "handed back", id, group });
      } catch (error) { // another worker takes it when this one is presumed dead
        this.#trouble(error);
      }
      throw elsewhere();
    } finally {
      if (this.#running.get(id) === entry) this.#running.delete(id); // else it was restarted here
    }
  }

  /**
   * Reports the end of a job until the server accepts it, or another worker has the job: BullMQ
   * fails a finished job when the connection breaks.
   */
  #keepCompleting(job: Job<JobForm>): void {
    const { system } = this.#options;
    const complete = job.moveToCompleted.bind(job);
    job.moveToCompleted = async (...args) => {
      const untilMs = system.monotonic() + LOCK_MS;
      for (;;) {
        try {
          return await complete(...args);
        } catch (error) {
          // A number is an answer of the server.
          if (typeof (error as { code?: unknown } | null)?.code === "number") throw error;
          this.#trouble(error);
          if (system.monotonic() >= untilMs) throw elsewhere();
          await system.sleep(REPORT_AGAIN_MS);
        }
      }
    };
  }

  /** Sends the progress of a job: the latest one, if there are more than the server accepts. */
  #progressOf(job: Job<JobForm>): { update(progress: PlainValue): void; flush(): Promise<void> } {
    let next: ProgressForm | undefined;
    let sending: Promise<void> | undefined;
    const sendAll = async () => {
      try {
        while (next !== undefined) {
          const latest = next;
          next = undefined;
          await job.updateProgress(latest);
        }
      } catch (error) {
        this.#trouble(error);
      } finally {
        sending = undefined;
      }
    };
    return {
      update(progress) {
        next = { said: structuredClone(progressOf(job.id ?? "", progress)) };
        sending ??= sendAll();
      },
      flush: async () => await sending,
    };
  }

  /** Checks running jobs for cancellations. */
  async #poll(): Promise<void> {
    const { find, system } = this.#options;
    const { signal } = this.#closed;
    try {
      while (this.#running.size > 0) {
        await system.sleep(POLL_MS, signal);
        for (const [id, entry] of this.#running) {
          if (system.monotonic() - entry.startedAt < POLL_MS / 2) continue; // most end before
          const cancelled = cancellationOf(await find(id) ?? { data: undefined });
          if (cancelled === undefined || entry.cancelled !== undefined) continue;
          entry.cancelled = cancelled;
          entry.controller.abort(cancelled);
        }
      }
    } catch (error) {
      if (!signal.aborted) this.#trouble(error);
    } finally {
      this.#polling = undefined;
    }
    if (this.#running.size > 0 && !signal.aborted) this.#polling = this.#poll();
  }

  #notify(event: WorkerEvent): void {
    try {
      this.#options.onEvent?.(event);
    } catch { // a listener does not end a job
    }
  }

  #trouble(error: unknown): void {
    this.#notify({ event: "trouble", reason: messageOf(error) });
  }

  #end(event: WorkerEvent): void {
    this.#notify(event);
    if (++this.#ended % TRIM_EVERY > 0) return;
    this.#options.trim?.().catch((error) => this.#trouble(error));
  }
}

/** Returns the error that ends a job of BullMQ without further attempts. */
function neverAgain(reason: string): Error {
  // deno-lint-ignore holdfast/registry-errors -- BullMQ checks its class
  return new UnrecoverableError(reason);
}

function elsewhere(): Error {
  // deno-lint-ignore holdfast/registry-errors -- BullMQ checks its class
  return new WaitingError();
}
