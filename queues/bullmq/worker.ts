// What takes jobs that BullMQ keeps.
import { type Job, UnrecoverableError, WaitingError, Worker } from "npm:bullmq@^6";
import { messageOf } from "../../core/errors.ts";
import { progressOf, resultOf } from "../checks/queue_checks.ts";
import type { JobHandler, QueueWorker, WorkerEvent, WorkOptions } from "../../core/queue.ts";
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
  controller: AbortController;
  startedAt: number;
  handBack: boolean;
  cancelled?: string;
}

/** Takes jobs that BullMQ keeps. */
export class BullmqWorker implements QueueWorker {
  readonly #handler: JobHandler;
  readonly #options: BullmqWorkerOptions;
  readonly #running = new Map<string, Running>();
  readonly #over = new AbortController();
  readonly #worker: Worker;
  #looking?: Promise<void>;
  #ended = 0;

  static async open(handler: JobHandler, options: BullmqWorkerOptions): Promise<BullmqWorker> {
    const made = new BullmqWorker(handler, options);
    const timeoutMs = options.readyWithinMs;
    try {
      await withDeadline(made.#worker.waitUntilReady(), { timeoutMs }); // closed before, it leaves a connection
    } catch (error) {
      await made.#worker.close(true); // it would take jobs as soon as the server is back, and nobody could close it
      throw error;
    }
    return made;
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
        maxStalledCount: MOST_DEATHS,
        runRetryDelay: ASK_AGAIN_MS,
        ...limiter && { limiter },
      } as never,
      backend as never,
    );
    this.#worker.on("error", (error) => this.#trouble(error));
    this.#worker.on("lockRenewalFailed", (ids) => { // others have them by now, or will
      for (const id of ids) this.#running.get(id)?.controller.abort("taken over");
    });
    this.#worker.on("stalled", (id) => this.#tell({ event: "taken over", id }));
    this.#worker.on(
      "completed",
      (job) => this.#end({ event: "done", id: job.id ?? "", group: formOf(job).group }),
    );
    this.#worker.on("failed", (job, error) => {
      if (job === undefined) return;
      const { id = "", attemptsMade, opts: { attempts = 1 } } = job;
      const { group } = formOf(job);
      if (error instanceof UnrecoverableError) return this.#end({ event: "cancelled", id, group });
      const again = attemptsMade < attempts;
      this.#end({ event: "failed", id, group, reason: messageOf(error), again });
    });
  }

  // Callers may hand these on without their worker.
  readonly running = (): string[] => [...this.#running.keys()];

  readonly close = async ({ handBack = false }: { handBack?: boolean } = {}): Promise<void> => {
    for (const entry of handBack ? this.#running.values() : []) {
      entry.handBack = true;
      entry.controller.abort("handed back");
    }
    await this.#worker.close();
    this.#over.abort();
  };

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #run(job: Job<JobForm>, token?: string): Promise<PlainValue> {
    const { id = "", name: kind } = job;
    const { group, data } = formOf(job);
    const cancelled = cancellationOf(job);
    if (cancelled !== undefined) throw neverAgain(cancelled);
    const startedAt = this.#options.system.monotonic();
    const entry: Running = { controller: new AbortController(), startedAt, handBack: false };
    const progress = this.#progressOf(job);
    this.#running.set(id, entry);
    this.#keepCompleting(job);
    this.#looking ??= this.#look();
    this.#tell({ event: "started", id, group });
    try {
      const options = { signal: entry.controller.signal, onProgress: progress.say };
      const result = resultOf(id, await this.#handler({ id, group, kind, data }, options));
      await progress.told();
      return result;
    } catch (error) {
      await progress.told();
      if (entry.cancelled !== undefined) throw neverAgain(entry.cancelled);
      if (!entry.handBack) throw error;
      try {
        await job.moveToWait(token);
        this.#tell({ event: "handed back", id, group });
      } catch (error) { // others have it as soon as this worker is taken for dead
        this.#trouble(error);
      }
      throw elsewhere();
    } finally {
      if (this.#running.get(id) === entry) this.#running.delete(id); // it may be here again, after it was lost
    }
  }

  /**
   * Has the end of a job told until the server has it, or others have the job by now: BullMQ takes a connection that
   * broke then for a failure of the job, though that was done.
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
          if (typeof (error as { code?: unknown } | null)?.code === "number") throw error; // the server's answer
          this.#trouble(error);
          if (system.monotonic() >= untilMs) throw elsewhere();
          await system.sleep(TELL_AGAIN_MS);
        }
      }
    };
  }

  /** Tells the server how far a job is: the last that it said, where it says more than the server takes. */
  #progressOf(job: Job<JobForm>): { say(progress: PlainValue): void; told(): Promise<void> } {
    let next: ProgressForm | undefined;
    let telling: Promise<void> | undefined;
    const tellAll = async () => {
      try {
        while (next !== undefined) {
          const said = next;
          next = undefined;
          await job.updateProgress(said);
        }
      } catch (error) {
        this.#trouble(error);
      } finally {
        telling = undefined;
      }
    };
    return {
      say(progress) {
        next = { said: structuredClone(progressOf(job.id ?? "", progress)) };
        telling ??= tellAll();
      },
      told: async () => await telling,
    };
  }

  /** Looks, as long as there are jobs under way, whether they were cancelled. */
  async #look(): Promise<void> {
    const { find, system } = this.#options;
    const over = this.#over.signal;
    try {
      while (this.#running.size > 0) {
        await system.sleep(LOOK_EVERY_MS, over);
        for (const [id, entry] of this.#running) {
          if (system.monotonic() - entry.startedAt < LOOK_EVERY_MS / 2) continue; // most are done before the next look
          const cancelled = cancellationOf(await find(id) ?? { data: undefined });
          if (cancelled === undefined || entry.cancelled !== undefined) continue;
          entry.cancelled = cancelled;
          entry.controller.abort(cancelled);
        }
      }
    } catch (error) {
      if (!over.aborted) this.#trouble(error);
    } finally {
      this.#looking = undefined;
    }
    if (this.#running.size > 0 && !over.aborted) this.#looking = this.#look();
  }

  #tell(event: WorkerEvent): void {
    try {
      this.#options.onEvent?.(event);
    } catch { // who listens does not end a job
    }
  }

  #trouble(error: unknown): void {
    this.#tell({ event: "trouble", reason: messageOf(error) });
  }

  #end(event: WorkerEvent): void {
    this.#tell(event);
    if (++this.#ended % TRIM_EVERY > 0) return;
    this.#options.trim?.().catch((error) => this.#trouble(error));
  }
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
