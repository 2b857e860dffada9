// An executor over workers. Each job runs on the thread with the least work.
import type { Executor, JobOptions, JobProgress, RunOptions } from "../core/executor.ts";
import type { Encoding } from "../core/record.ts";
import type { Logger } from "../core/registry.ts";
import { withDeadline } from "../core/retry.ts";
import { STREAMED_BYTES } from "../core/work/budget.ts";
import type { PayloadJobs, ReadJob } from "../registry/payload/job_kinds.ts";
import { sizeOf } from "../registry/payload/content.ts";
import type { Channel } from "./channel.ts";
import { type PoolOptions, type Slot, type WorkerJob, WorkerLost, WorkerPool } from "./pool.ts";
import type { CallerMethods, WorkerMethods } from "./protocol.ts";
import { bufferBytes, isMovable, sendJob } from "./wire_job.ts";

/** The cost of starting a worker, in bytes of work; the second is that with a client of a bucket. */
const START_BYTES = 32 * 1024 * 1024, START_BYTES_OF_BUCKET = 7 * START_BYTES;
/** The cost of a byte that is compressed, in plain bytes. */
const COMPRESSED_COST: Record<Encoding, number> = { gzip: 8, zstd: 2 };

interface WorkerExecutorOptions extends Omit<PoolOptions, "methods"> {
  here: Executor<PayloadJobs>;
  /** `always` moves every job that can move. */
  offload: "auto" | "always";
  /** Jobs below this size run on this thread, bytes. */
  smallBytes: number;
  isDisk: boolean;
  logger: Logger;
}

type Kind = keyof PayloadJobs;
type Job = PayloadJobs[Kind]["job"];

/**
 * Runs jobs in workers. A job whose worker crashed or hung is repeated once, alone in a worker,
 * since any job of the worker may be the cause. If workers cannot start, it runs on this thread.
 */
export class WorkerExecutor implements Executor<PayloadJobs> {
  readonly pool: WorkerPool;
  readonly #options: WorkerExecutorOptions;
  readonly #running = new Map<number, (progress: JobProgress) => void>();
  #lastRun = 0;
  #pendingHere = 0;
  #doneHere = 0;

  constructor(options: WorkerExecutorOptions) {
    const { logger, descriptor } = options;
    const methods: CallerMethods = {
      progress: ({ run, progress }) => this.#running.get(run)?.(progress),
      log: ({ level, message }) => logger[level](message),
      ask: ({ name }) => descriptor.functions?.[name]?.(),
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
    const encoding = "compress" in job ? job.compress : undefined;
    const cost = bytes * (encoding === undefined ? 1 : COMPRESSED_COST[encoding]);
    const slot = this.#choose();
    if (slot === undefined) {
      this.#pendingHere += cost;
      return await here.run(kind, job, options).finally(() => {
        this.#pendingHere -= cost;
        this.#doneHere += cost;
      });
    }
    const progress = createRepeated(options.onProgress);
    const reporting = { ...options, onProgress: progress.report };
    slot.pending += cost;
    try {
      return await this.#runThere((use) => slot.use(use), kind, job, reporting);
    } catch (error) {
      if (!(error instanceof WorkerLost)) throw error;
      logger.warn(`A worker was lost; repeating its job: ${error.message}`);
    } finally {
      slot.pending -= cost;
    }
    progress.repeat();
    const repeat = again();
    if (this.pool.slots.length === 0) return await here.run(kind, repeat, reporting);
    return await this.#runThere((use) => this.pool.alone(use), kind, repeat, reporting);
  }

  /**
   * Returns the worker with the least work, or undefined if this thread has less. A worker starts
   * once this thread has done as much work as the start costs, as more is likely to follow.
   */
  #choose(): Slot | undefined {
    const { slots, running } = this.pool;
    const { offload, isDisk } = this.#options;
    const start = (isDisk ? START_BYTES : START_BYTES_OF_BUCKET) * (running + 1);
    const processors = globalThis.navigator?.hardwareConcurrency ?? 2;
    // With a busy worker on every processor, work here only slows down feeding them.
    const crowded = slots.length >= processors && slots.every(({ pending }) => pending > 0);
    let best: Slot | undefined;
    let least = offload === "always" || crowded ? Infinity : this.#pendingHere;
    for (const slot of slots) {
      const waiting = slot.pending + (slot.running ? 0 : Math.max(0, start - this.#doneHere));
      if (waiting < least) [best, least] = [slot, waiting];
    }
    return best;
  }

  async #runThere<N extends Kind>(
    use: (job: WorkerJob<unknown>) => Promise<unknown>,
    kind: N,
    job: PayloadJobs[N]["job"],
    { signal, onProgress }: JobOptions,
  ): Promise<PayloadJobs[N]["result"]> {
    const failed = new AbortController();
    const ends = signal === undefined ? failed.signal : AbortSignal.any([signal, failed.signal]);
    const run = ++this.#lastRun;
    this.#running.set(run, async (progress) => {
      try {
        await onProgress?.(progress);
      } catch (error) {
        failed.abort(error); // unchanged: it is not sent to the worker and back
      }
    });
    try {
      const call = async (worker: Channel<WorkerMethods>) => {
        const { job: sent, transfer } = await sendJob(kind, job, ends);
        return await worker.call("run", { run, kind, job: sent }, { signal: ends, transfer });
      };
      const reply = await waited(use, call, signal);
      failed.signal.throwIfAborted(); // a failure of the last progress
      return reply as PayloadJobs[N]["result"];
    } finally {
      this.#running.delete(run);
    }
  }
}

/** Returns the bytes of a job, or undefined if only this thread can run it. */
function bytesOf(kind: Kind, given: Job): number | undefined {
  const sum = (sizes: number[]) => sizes.reduce((total, size) => total + size, 0);
  if (kind === "packFiles") {
    const { files } = given as PayloadJobs["packFiles"]["job"];
    return sum(files.map(({ content }) => sizeOf(content)));
  }
  if (kind === "storeFile") {
    const { content } = given as PayloadJobs["storeFile"]["job"];
    return isMovable(content) ? content.size : undefined;
  }
  if (kind === "storeValue") {
    const { value } = given as PayloadJobs["storeValue"]["job"];
    return Math.max(bufferBytes(value), STREAMED_BYTES); // its materializer is worth a worker
  }
  return sum((given as ReadJob).files.map(({ file }) => file.size));
}

/** Reports progress. Bytes that a repeated job moves again are not reported twice. */
function createRepeated(onProgress: JobOptions["onProgress"]) {
  let moved = 0, reported = 0;
  return {
    repeat: () => void (moved = 0),
    report({ path, bytes }: JobProgress): void | Promise<void> {
      moved += bytes;
      const more = Math.max(moved - reported, 0);
      reported += more;
      return onProgress?.({ path, bytes: more });
    },
  };
}

/** Runs a job in a worker. An abort does not wait for a job that has not begun. */
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
  using.catch(() => {}); // an abort may be thrown first
  await withDeadline(Promise.race([begun.promise, using]), { signal });
  return await using;
}
