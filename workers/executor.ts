// The executor over workers: each job is run where it is predicted to be done first.
import type { Executor, JobOptions, JobProgress } from "../core/executor.ts";
import type { Logger } from "../core/registry.ts";
import { withDeadline } from "../core/retry.ts";
import type { PayloadJobs } from "../registry/jobs/kinds.ts";
import { createPlacement } from "./placement.ts";
import { createPool, isWorkerLost } from "./pool.ts";
import type { Pool, PoolOptions } from "./pool.ts";
import { createPorts } from "./ports.ts";
import type { Port } from "./ports.ts";
import type { Channel } from "./channel.ts";
import type { CallerMethods, WorkerMethods } from "./protocol.ts";
import type { WorkerJob } from "./slots.ts";
import { sendJob } from "./wire_job.ts";
import { workOf } from "./work.ts";
import { createRates } from "../registry/jobs/rates.ts";

export interface WorkerExecutorOptions extends Omit<PoolOptions, "methods"> {
  here: Executor<PayloadJobs>;
  offload: "auto" | "always";
  smallBytes: number;
  logger: Logger;
}

export interface WorkerExecutor extends Executor<PayloadJobs> {
  readonly pool: Pool;
}

type Job = PayloadJobs[keyof PayloadJobs]["job"];

/**
 * Creates the executor. A job whose worker crashed or hung is run once more, in a worker of its own: nobody knows which
 * of its jobs brought a worker down. Where no worker can be started it is run on this thread.
 */
export function createWorkerExecutor(options: WorkerExecutorOptions): WorkerExecutor {
  const { here, offload, smallBytes, logger, descriptor, system } = options;
  const rates = createRates(system);
  const ports = createPorts();
  const running = new Map<number, (progress: JobProgress) => void>();
  let lastRun = 0;
  const methods: CallerMethods = {
    ...ports.methods,
    progress: ({ run, progress }) => running.get(run)?.(progress),
    log: ({ level, message }) => logger[level](message),
    ask: ({ name }) => descriptor.functions?.[name](),
  };
  const pool = createPool({ ...options, methods });
  const placement = createPlacement(pool, offload);

  return {
    pool,
    async run(kind, given, { again = () => given, ...options } = {}) {
      const job = given as Job;
      const work = workOf(kind, job, rates);
      if (work === undefined || work.bytes < smallBytes) {
        return await here.run(kind, given, options);
      }
      const progress = createRepeated(options.onProgress);
      const how = { ...options, onProgress: progress.tell };
      try {
        return await placement.place(
          work,
          () => here.run(kind, given, how),
          (slot) => waited(slot.use, (worker) => runThere(worker, kind, job, how), how),
        );
      } catch (error) {
        if (!isWorkerLost(error) || spent.has(job)) throw error;
        logger.warn(`A worker was lost, its work is done again: ${error.message}`);
        const repeat = again();
        progress.repeat();
        if (pool.slots.length === 0) return await here.run(kind, repeat, how);
        return await waited(
          pool.alone,
          (worker) => runThere(worker, kind, repeat as Job, how),
          how,
        );
      }
    },
  };

  async function runThere<N extends keyof PayloadJobs>(
    channel: Channel<WorkerMethods>,
    kind: N,
    given: Job,
    { signal, onProgress }: JobOptions,
  ): Promise<PayloadJobs[N]["result"]> {
    const failed = new AbortController();
    const run = ++lastRun;
    running.set(run, async (progress) => {
      try {
        await onProgress?.(progress);
      } catch (error) {
        failed.abort(error); // as it is: an error that crosses twice is not the same any more
      }
    });
    let port: Port | undefined;
    try {
      const sent = sendJob(kind, given, ports);
      port = sent.port;
      const ends = signal === undefined ? failed.signal : AbortSignal.any([signal, failed.signal]);
      const reply = await channel.call("run", { run, kind, job: sent.job }, { signal: ends });
      failed.signal.throwIfAborted(); // by what was said last
      return reply as PayloadJobs[N]["result"];
    } finally {
      if (port?.spent) spent.add(given);
      running.delete(run);
      void port?.close();
    }
  }
}

/** Jobs that read content which cannot be read again. */
const spent = new WeakSet<Job>();

/** Tells of bytes as they move; what moves again is not told again. */
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
  { signal }: JobOptions,
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
