// Opens job runners with checked settings.
import type { ScheduledCall, ScheduleOptions } from "../job_runner.ts";
import type { PlainValue } from "../../../materializers/mod.ts";
import type { System } from "../../../mod.ts";
import { invalid, notFound, plainProblem, shown } from "../../../core/kernel.ts";
import type { RegistryError } from "../../../core/kernel.ts";
import { openJobStorage } from "../../queues/job_storage.ts";
import { openQueue } from "../../queues/mod.ts";
import type { PluginContext } from "../contract.ts";
import { JobRunner, type JobStorage } from "../interfaces.ts";
import type { Background } from "./background.ts";
import { checkScheduled } from "./check_scheduled.ts";
import { createJobKeeper, createQueueRunner, jobIdOf, TASK_KIND } from "./work_tasks.ts";
import type { QueueRunner } from "./work_tasks.ts";
import type { JobQueue, QueueWorker, TakenJob } from "../../queues/queue.ts";
import { createMemoryQueue } from "../../queues/memory.ts";

/** Limit of concurrent background jobs, including those that wait for a response. */
const MOST_IN_BACKGROUND = 10_000;

export async function openMemoryRunner(
  settings: { concurrency?: number; storage?: string },
  { system, logger }: PluginContext,
): Promise<QueueRunner> {
  const storage = await openStorage(settings.storage, system);
  return await createInProcessRunner({ ...settings, system, logger, storage });
}

/** Opens a runner whose jobs start after their caller, or when a {@linkcode Background} runs. */
export async function openBackgroundRunner(
  { background, storage: url }: { background?: Background; storage?: string },
  { system, logger, plugins }: PluginContext,
): Promise<JobRunner> {
  if (background === undefined) {
    const storage = await openStorage(url, system);
    const concurrency = MOST_IN_BACKGROUND;
    return await createInProcessRunner({ system, logger, concurrency, storage, afterwards: true });
  }
  // A background belongs to one response; its jobs share one queue.
  const settings = url === undefined ? {} : { storage: url };
  const shared = await plugins.shared(JobRunner, "background", settings);
  return {
    crossesProcess: false,
    schedule: (call, options) => (shared as InProcessRunner).scheduleIn(background, call, options),
  };
}

export async function openServerRunner(url: string, system: System): Promise<QueueRunner> {
  return createQueueRunner(await openQueue(url, { system }), { system });
}

async function openStorage(
  url: string | undefined,
  system: System,
): Promise<JobStorage | undefined> {
  return url === undefined ? undefined : await openJobStorage(url, { system });
}

interface InProcessOptions extends Pick<PluginContext, "system" | "logger"> {
  /** Maximum number of concurrent jobs. @default 16 */
  concurrency?: number;
  /** Stores the outcomes of jobs beyond this process; closed with the runner. @default none */
  storage?: JobStorage;
  /** Start each job only after its caller has continued. @default false */
  afterwards?: boolean;
}

interface InProcessRunner extends QueueRunner {
  scheduleIn(
    background: Background,
    call: ScheduledCall,
    options: ScheduleOptions,
  ): Promise<string>;
}

const MOST_ENDED = 10_000;

/**
 * Creates a runner with a queue in this process. Closing it finishes running and waiting jobs, but
 * not delayed ones.
 */
async function createInProcessRunner(options: InProcessOptions): Promise<InProcessRunner> {
  const { system, concurrency = 16, afterwards = false } = options;
  const jobs = new InProcessJobs(options);
  const worker = await jobs.work(concurrency);
  return {
    crossesProcess: false,
    queue: jobs.queue,
    async schedule(call, given) {
      if (!afterwards) return await jobs.add(call, given);
      const id = await jobs.add(call, given, Promise.withResolvers());
      system.sleep(0).then(() => jobs.letBegin(id));
      return id;
    },
    async scheduleIn(background, call, given) {
      const id = await jobs.add(call, given, Promise.withResolvers());
      background.add(async () => {
        jobs.letBegin(id);
        await jobs.untilOver(id);
      });
      return id;
    },
    [Symbol.asyncDispose]: () => jobs.close(worker),
  };
}

class InProcessJobs {
  readonly queue: JobQueue;
  readonly #system: System;
  readonly #storage?: JobStorage;
  readonly #keeper: ReturnType<typeof createJobKeeper>;
  readonly #runs = new Map<string, ScheduleOptions["run"]>();
  /** Jobs that wait for their caller to continue. */
  readonly #begins = new Map<string, PromiseWithResolvers<void>>();
  #added = 0;
  #closed = false;

  constructor({ system, logger, storage }: InProcessOptions) {
    const trouble = (reason: string) => logger.warn(`Cannot store the outcome of a job: ${reason}`);
    this.queue = createMemoryQueue({ system, mostEnded: MOST_ENDED });
    this.#system = system;
    this.#storage = storage;
    this.#keeper = createJobKeeper(this.queue, { storage, trouble });
  }

  work(concurrency: number): Promise<QueueWorker> {
    return this.queue.work(async ({ id }: TakenJob, { signal, onProgress }) => {
      await this.#begins.get(id)?.promise;
      const run = this.#runs.get(id);
      if (run === undefined) throw forgotten(id);
      signal.throwIfAborted();
      const result = kept(await run({ jobId: id, signal, onProgress }));
      this.#runs.delete(id);
      return result;
    }, { concurrency, onEvent: (event) => void ("id" in event && this.#keeper.keep(event.id)) });
  }

  async add(
    call: ScheduledCall,
    given: ScheduleOptions,
    begin?: PromiseWithResolvers<void>,
  ): Promise<string> {
    if (this.#closed) throw closedRunner();
    checkScheduled(call, given);
    given.signal?.throwIfAborted();
    const id = jobIdOf(given.idempotencyKey ?? this.#system.id());
    if (await this.queue.get(id) !== undefined) return id;
    const { delayMs, priority, attempts, backoffMs } = given;
    const data = { task: call.task, behaviors: call.behaviors.map(({ name }) => name) };
    if (begin !== undefined) this.#begins.set(id, begin);
    if (++this.#added % MOST_ENDED === 0) await this.#forget();
    this.#runs.set(id, given.run);
    try {
      const times = { delayMs, priority, attempts, backoffMs };
      await this.queue.add({ id, group: call.task, kind: TASK_KIND, data, ...times });
    } catch (error) {
      this.#runs.delete(id);
      this.#begins.delete(id);
      throw error;
    }
    this.#keeper.keep(id);
    return id;
  }

  /** Starts a job that waits for its caller, with the first of several submissions. */
  letBegin(id: string): void {
    this.#begins.get(id)?.resolve();
    this.#begins.delete(id);
  }

  async untilOver(id: string): Promise<void> {
    for await (const { job: { state } } of this.queue.watch(id)) {
      if (state !== "waiting" && state !== "running") return;
    }
  }

  async close(worker: QueueWorker): Promise<void> {
    this.#closed = true;
    for (const begin of this.#begins.values()) begin.resolve();
    for (const state of ["waiting", "running"] as const) {
      for (const { id } of await this.queue.list({ state })) await this.untilOver(id);
    }
    await worker.close();
    await this.#keeper.done();
    await this.queue[Symbol.asyncDispose]();
    await this.#storage?.[Symbol.asyncDispose]();
  }

  async #forget(): Promise<void> {
    for (const id of this.#runs.keys()) {
      if (await this.queue.get(id) === undefined) this.#runs.delete(id);
    }
  }
}

/** Returns a result that a queue can store; null for anything else. */
function kept(result: unknown): PlainValue {
  return result !== undefined && plainProblem(result) === undefined ? result as PlainValue : null;
}

function forgotten(id: string): RegistryError {
  return notFound("run job", `${shown(id)} again`, "its function is no longer in memory", {
    hint: "Submit its task again: this process keeps only the functions of recent failures.",
  });
}

function closedRunner(): RegistryError {
  return invalid("schedule job", undefined, "its runner is closed", {
    hint: "Submit tasks before you close their plugin set.",
  });
}
