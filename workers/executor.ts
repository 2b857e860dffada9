// The executor over workers: each job runs where the least work is waiting.
import type { Executor, JobOptions, JobProgress, RunOptions } from "../core/executor.ts";
import type { Logger } from "../core/registry.ts";
import { withDeadline } from "../core/retry.ts";
import { STREAMED_BYTES } from "../core/work/budget.ts";
import type { PayloadJobs, ReadJob } from "../registry/payload/job_kinds.ts";
import { sizeOf } from "../registry/payload/content.ts";
import type { Channel } from "./channel.ts";
import { type PoolOptions, type Slot, type WorkerJob, WorkerLost, WorkerPool } from "./pool.ts";
import { createPorts, type Port } from "./ports.ts";
import type { CallerMethods, WorkerMethods } from "./protocol.ts";
import { bufferBytes, sendJob } from "./wire_job.ts";

/** Starting a worker takes as long as about so many bytes of work. */
const START_BYTES = 32 * 1024 * 1024;
/** A compressed byte takes as long as about so many plain ones. */
const COMPRESSION_COST = 8;

export interface WorkerExecutorOptions extends Omit<PoolOptions, "methods"> {
  here: Executor<PayloadJobs>;
  /** `always`: all that can move goes to workers. */
  offload: "auto" | "always";
  /** Smaller jobs run on this thread, bytes. */
  smallBytes: number;
  logger: Logger;
  /** How many threads run at the same time. @default the processors of this machine */
  processors?: number;
}

type Kind = keyof PayloadJobs;
type Job = PayloadJobs[Kind]["job"];

/**
 * Runs jobs in workers. A job whose worker crashed or hung is run once more, in a worker of its own: nobody knows which
 * of its jobs brought a worker down. Where no worker can be started it is run on this thread.
 */
export class WorkerExecutor implements Executor<PayloadJobs> {
  readonly pool: WorkerPool;
  readonly #options: WorkerExecutorOptions;
  readonly #ports = createPorts();
  readonly #running = new Map<number, (progress: JobProgress) => void>();
  #lastRun = 0;
  #pendingHere = 0;

  constructor(options: WorkerExecutorOptions) {
    const { logger, descriptor } = options;
    const methods: CallerMethods = {
      ...this.#ports.methods,
      progress: ({ run, progress }) => this.#running.get(run)?.(progress),
      log: ({ level, message }) => logger[level](message),
      ask: ({ name }) => descriptor.functions?.[name](),
    };
    this.#options = options;
    this.pool = new WorkerPool({ ...options, methods });
  }

  async run<N extends Kind>(
    kind: N,
    job: PayloadJobs[N]["job"],
    { again = () => job, ...options }: RunOptions<PayloadJobs[N]["job"]> = {},
  ): Promise<PayloadJobs[N]["result"]> {
    const { here, smallBytes, logger } = this.#options;
    const bytes = bytesOf(kind, job);
    if (bytes === undefined || bytes < smallBytes) return await here.run(kind, job, options);
    const cost = "compress" in job && job.compress !== undefined ? bytes * COMPRESSION_COST : bytes;
    const slot = this.#choose();
    if (slot === undefined) {
      this.#pendingHere += cost;
      return await here.run(kind, job, options).finally(() => this.#pendingHere -= cost);
    }
    const progress = createRepeated(options.onProgress);
    const how = { ...options, onProgress: progress.tell };
    const { sent, port } = this.#send(kind, job);
    slot.pending += cost;
    try {
      return await this.#runThere((use) => slot.use(use), kind, sent, how);
    } catch (error) {
      if (!(error instanceof WorkerLost) || port?.spent) throw error;
      logger.warn(`A worker was lost, its work is done again: ${error.message}`);
    } finally {
      slot.pending -= cost;
      void port?.close();
    }
    progress.repeat();
    const repeat = again();
    if (this.pool.slots.length === 0) return await here.run(kind, repeat, how);
    const second = this.#send(kind, repeat);
    return await this.#runThere((use) => this.pool.alone(use), kind, second.sent, how)
      .finally(() => second.port?.close());
  }

  /** The worker with the least work; undefined if this thread has no more. */
  #choose(): Slot | undefined {
    const { slots } = this.pool;
    const { offload, processors = globalThis.navigator?.hardwareConcurrency ?? 2 } = this.#options;
    // Work here only slows down busy workers on every processor, the more so as they are fed from here.
    const crowded = slots.length >= processors && slots.every(({ pending }) => pending > 0);
    let best: Slot | undefined;
    let least = offload === "always" || crowded ? Infinity : this.#pendingHere;
    for (const slot of slots) {
      const waiting = slot.pending + (slot.running ? 0 : START_BYTES);
      if (waiting < least) [best, least] = [slot, waiting];
    }
    return best;
  }

  #send(kind: Kind, job: Job): { sent: unknown; port?: Port } {
    const { job: sent, port } = sendJob(kind, job, this.#ports);
    return { sent, port };
  }

  async #runThere<N extends Kind>(
    use: (job: WorkerJob<unknown>) => Promise<unknown>,
    kind: N,
    job: unknown,
    { signal, onProgress }: JobOptions,
  ): Promise<PayloadJobs[N]["result"]> {
    const failed = new AbortController();
    const ends = signal === undefined ? failed.signal : AbortSignal.any([signal, failed.signal]);
    const run = ++this.#lastRun;
    this.#running.set(run, async (progress) => {
      try {
        await onProgress?.(progress);
      } catch (error) {
        failed.abort(error); // as it is: an error that crosses twice is not the same any more
      }
    });
    try {
      const reply = await waited(
        use,
        (worker: Channel<WorkerMethods>) =>
          worker.call("run", { run, kind, job }, { signal: ends }),
        signal,
      );
      failed.signal.throwIfAborted(); // by the last progress
      return reply as PayloadJobs[N]["result"];
    } finally {
      this.#running.delete(run);
    }
  }
}

/** Bytes that a job is about; undefined where only this thread can do it. */
function bytesOf(kind: Kind, given: Job): number | undefined {
  const sum = (sizes: number[]) => sizes.reduce((total, size) => total + size, 0);
  if (kind === "packFiles") {
    const { files } = given as PayloadJobs["packFiles"]["job"];
    return sum(files.map(({ content }) => sizeOf(content)));
  }
  if (kind === "storeFile") {
    const { content } = given as PayloadJobs["storeFile"]["job"];
    return content.copyFrom === undefined ? content.size ?? STREAMED_BYTES : undefined;
  }
  if (kind === "storeValue") {
    const { value } = given as PayloadJobs["storeValue"]["job"];
    return Math.max(bufferBytes(value), STREAMED_BYTES); // it was registered as worth it
  }
  return sum((given as ReadJob).files.map(({ file }) => file.size));
}

/** Reports bytes as they move; what moves again is not reported again. */
function createRepeated(onProgress: JobOptions["onProgress"]) {
  let moved = 0, told = 0;
  return {
    repeat: () => void (moved = 0),
    tell({ path, bytes }: JobProgress): void | Promise<void> {
      moved += bytes;
      const more = Math.max(moved - told, 0);
      told += more;
      return onProgress?.({ path, bytes: more });
    },
  };
}

/** A job in a worker, which an abort does not wait for: it may be long in starting, or have others before. */
async function waited<T>(
  use: (job: WorkerJob<T>) => Promise<T>,
  job: WorkerJob<T>,
  signal?: AbortSignal,
): Promise<T> {
  const begun = Promise.withResolvers<void>();
  const using = use(async (worker) => {
    signal?.throwIfAborted();
    begun.resolve();
    return await job(worker);
  });
  using.catch(() => {}); // an abort may have been thrown before
  await withDeadline(Promise.race([begun.promise, using]), { signal });
  return await using;
}
