// Runners that do jobs in this process.
import type { ScheduledCall, ScheduleOptions } from "../job_runner.ts";
import type { JobStorage } from "../../queues/job_storage/contract.ts";
import type { TakenJob } from "../../core/queue.ts";
import { fault, type RegistryError } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import { plainProblem, type PlainValue } from "../../core/text/plain_value.ts";
import { createMemoryQueue } from "../../queues/memory.ts";
import type { PluginContext } from "../contract.ts";
import type { Background } from "./background.ts";
import { createJobKeeper, jobIdOf, type QueueRunner, TASK_KIND } from "./work_tasks.ts";

export interface InProcessOptions extends Pick<PluginContext, "system" | "logger"> {
  /** So many jobs run at once. @default 16 */
  concurrency?: number;
  /** Keeps what becomes of the jobs, also when this process is gone; closed with the runner. @default nothing does */
  storage?: JobStorage;
  /** Whether a job waits until what called it has gone on. @default false */
  afterwards?: boolean;
}

export interface InProcessRunner extends QueueRunner {
  scheduleIn(
    background: Background,
    call: ScheduledCall,
    options: ScheduleOptions,
  ): Promise<string>;
}

const MOST_ENDED = 10_000;

/**
 * Creates a runner whose jobs are in a queue of this process, and gone with it. Its end waits for what was begun and for
 * what waits; what is delayed is not begun any more.
 */
export async function createInProcessRunner(options: InProcessOptions): Promise<InProcessRunner> {
  const { system, logger, concurrency = 16, storage, afterwards = false } = options;
  const queue = createMemoryQueue({ system, mostEnded: MOST_ENDED });
  const trouble = (reason: string) => logger.warn(`cannot keep what became of a job: ${reason}`);
  const keeper = createJobKeeper(queue, { storage, trouble });
  const runs = new Map<string, ScheduleOptions["run"]>();
  const begins = new Map<string, PromiseWithResolvers<void>>();
  let added = 0;
  let closed = false;

  const worker = await queue.work(async ({ id }: TakenJob, { signal, onProgress }) => {
    await begins.get(id)?.promise;
    const run = runs.get(id);
    if (run === undefined) throw forgotten(id);
    signal.throwIfAborted();
    const result = kept(await run({ jobId: id, signal, onProgress }));
    runs.delete(id);
    return result;
  }, { concurrency, onEvent: (event) => void ("id" in event && keeper.keep(event.id)) });

  async function forget(): Promise<void> {
    for (const id of runs.keys()) if (await queue.get(id) === undefined) runs.delete(id);
  }

  async function add(
    call: ScheduledCall,
    given: ScheduleOptions,
    begin?: PromiseWithResolvers<void>,
  ): Promise<string> {
    if (closed) throw closedRunner();
    given.signal?.throwIfAborted();
    const id = jobIdOf(given.idempotencyKey ?? system.id());
    if (await queue.get(id) !== undefined) return id;
    const { delayMs, priority, attempts, backoffMs } = given;
    const data = { task: call.task, behaviors: call.behaviors.map(({ name }) => name) };
    if (begin !== undefined) begins.set(id, begin);
    if (++added % MOST_ENDED === 0) await forget();
    runs.set(id, given.run);
    try {
      await queue.add({
        id,
        group: call.task,
        kind: TASK_KIND,
        data,
        delayMs,
        priority,
        attempts,
        backoffMs,
      });
    } catch (error) {
      runs.delete(id);
      begins.delete(id);
      throw error;
    }
    keeper.keep(id);
    return id;
  }

  /** Lets a job begin that waits for what called it, whoever of those that submitted it comes first. */
  function letBegin(id: string): void {
    begins.get(id)?.resolve();
    begins.delete(id);
  }

  async function untilOver(id: string): Promise<void> {
    for await (const { job: { state } } of queue.watch(id)) {
      if (state !== "waiting" && state !== "running") return;
    }
  }

  return {
    crossesProcess: false,
    queue,
    async schedule(call, given) {
      if (!afterwards) return await add(call, given);
      const id = await add(call, given, Promise.withResolvers());
      system.sleep(0).then(() => letBegin(id));
      return id;
    },
    async scheduleIn(background, call, given) {
      const id = await add(call, given, Promise.withResolvers());
      background.add(async () => {
        letBegin(id);
        await untilOver(id);
      });
      return id;
    },
    async [Symbol.asyncDispose]() {
      closed = true;
      for (const begin of begins.values()) begin.resolve();
      for (const state of ["waiting", "running"] as const) {
        for (const { id } of await queue.list({ state })) await untilOver(id);
      }
      await worker.close();
      await keeper.done();
      await queue[Symbol.asyncDispose]();
      await storage?.[Symbol.asyncDispose]();
    },
  };
}

/** What a function gave, where a queue can keep it: who is in this process may give anything. */
function kept(result: unknown): PlainValue {
  return result !== undefined && plainProblem(result) === undefined ? result as PlainValue : null;
}

function forgotten(id: string): RegistryError {
  return fault({
    code: "NotFound",
    action: "run job",
    subject: `${shown(id)} again`,
    state: "what it does is forgotten",
    hint: "In one process only the last jobs that failed can be tried again. Submit its task anew.",
  });
}

function closedRunner(): RegistryError {
  return fault({
    code: "Invalid",
    action: "schedule a job",
    state: "its runner was closed",
    hint: "Submit tasks before the end of their set of plugins.",
  });
}
