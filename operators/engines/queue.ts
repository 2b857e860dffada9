// The engine for queues of jobs, which workers take.
//
// A job names the run and the step, never the command: each worker derives that from its own copy
// of the pipeline's file.
import type { System } from "../../mod.ts";
import { invalid, loadPart, realSystem, type Shard, unavailable } from "../../core/kernel.ts";
import type { Engine, EngineDriver } from "../contract/engine.ts";
import type { JobHandler, JobQueue, QueuedJob, TakenJob } from "../../extensions/queues/queue.ts";
import { withoutVariables } from "../process/variables.ts";
import { idOf, partsOf, type PartState, wholeOf } from "./parts.ts";
import { type QueuedStep, STEP_KIND, type StepCommand, StepProcesses } from "./step_processes.ts";

export const queueDriver: EngineDriver = {
  help: "redis://host:6379, postgres://host/database",
  async open(url, { system }) {
    const { openQueue } = await loadPart<Queues>("../../extensions/queues/mod.ts", import.meta.url);
    return createQueueEngine(await openQueue(url, { system }));
  },
};

interface Queues {
  openQueue(url: string, options: { system?: System }): Promise<JobQueue>;
}

/** Deliveries of a step whose end is not recorded. Recorded failures are not repeated. */
const DELIVERIES = 3;

/**
 * Creates the engine. It ignores `command`, `cwd`, `env`, `resources` and `node` of a step: see
 * {@linkcode createStepHandler}.
 */
export function createQueueEngine(queue: JobQueue): Engine {
  const jobIdOf = (part: string) => `${STEP_KIND}.${part}`;
  return {
    kind: queue.kind,
    location: queue.location,
    redelivers: true,
    async submit(step, options) {
      const id = idOf(step);
      const { run, shards = 1, timeoutMs } = step;
      const jobs = partsOf(id).map((part, index) => ({
        id: jobIdOf(part),
        group: run,
        kind: STEP_KIND,
        attempts: DELIVERIES,
        data: {
          run,
          step: step.step,
          ...(shards === 1 ? {} : { shard: { index, count: shards } }),
          ...(timeoutMs === undefined ? {} : { timeoutMs }),
        },
      }));
      await queue.add(jobs, options);
      return id;
    },
    poll: (ids, options) =>
      Promise.all(ids.map(async (id) => {
        const parts = await Promise.all(
          partsOf(id).map((part) => queue.get(jobIdOf(part), options)),
        );
        return wholeOf(id, parts.map(partState));
      })),
    async cancel(id, options) {
      await Promise.all(partsOf(id).map((part) => queue.cancel(jobIdOf(part), options)));
    },
    async list(run, options) {
      const wholes = new Map<string, Map<number, QueuedJob>>();
      for (const job of await queue.list({ group: run, ...options })) {
        const step = job.kind === STEP_KIND ? checkedStep(job.data) : undefined;
        if (step === undefined) continue;
        const { shard } = step;
        const part = job.id.slice(STEP_KIND.length + 1);
        const id = shard === undefined ? part : `${part.replace(/\.[0-9]+$/, "")}.x${shard.count}`;
        wholes.set(id, (wholes.get(id) ?? new Map()).set(shard?.index ?? 0, job));
      }
      return [...wholes].map(([id, jobs]) =>
        wholeOf(id, partsOf(id).map((_, index) => partState(jobs.get(index))))
      );
    },
    async close() {
      await this[Symbol.asyncDispose]();
    },
    [Symbol.asyncDispose]: () => queue[Symbol.asyncDispose](),
  };
}

/**
 * Creates a handler that executes steps in processes and returns their ends. Ends the process of a
 * step and its children if the job is cancelled or handed back. Throws if a process is killed or
 * ends with 75, so that the queue delivers the step again.
 *
 * @param commandFor returns the command of a step; throws if the step is not of this worker's
 * pipeline
 */
export function createStepHandler(
  commandFor: (step: QueuedStep) => StepCommand | Promise<StepCommand>,
  { onLine }: {
    /** Receives the output of steps, line by line. @default ignores it */
    onLine?(line: string, step: QueuedStep): void;
  } = {},
): JobHandler {
  // The worker may be a shard itself.
  const processes = new StepProcesses(withoutVariables(realSystem, new Set(["HOLDFAST_SHARD"])));
  return async (job, { signal }) => {
    const step = queuedStepOf(job);
    const command = await commandFor(step);
    const options = { signal, onLine: (line: string) => onLine?.(line, step) };
    const { again, ...end } = await processes.execute(command, step, options);
    if (!again) return end;
    throw unavailable("finish step", JSON.stringify(step.step), end.reason ?? "its process ended", {
      hint: "Check that the registry and the queue answer, and the memory of the worker.",
    });
  };
}

/** Returns the step of a job. Throws `Invalid` for another job. */
export function queuedStepOf({ kind, data }: TakenJob): QueuedStep {
  const step = kind === STEP_KIND ? checkedStep(data) : undefined;
  if (step !== undefined) return step;
  throw invalid("run a job", undefined, "it is not a step of a pipeline", {
    hint: "Use a separate queue for other jobs: ?queue=NAME",
  });
}

function checkedStep(data: unknown): QueuedStep | undefined {
  const { run, step, shard, timeoutMs } = (data ?? {}) as Partial<QueuedStep>;
  if (typeof run !== "string" || typeof step !== "string") return undefined;
  if (timeoutMs !== undefined && typeof timeoutMs !== "number") return undefined;
  if (shard !== undefined && !isShard(shard)) return undefined;
  return {
    run,
    step,
    ...(shard === undefined ? {} : { shard }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  };
}

const MOST_SHARDS = 999_999;

function isShard(shard: Partial<Shard> | null): boolean {
  const { index = -1, count = 0 } = shard ?? {};
  return Number.isInteger(index) && Number.isInteger(count) && 0 <= index && index < count &&
    count <= MOST_SHARDS;
}

const STATES = {
  waiting: "waiting",
  delayed: "waiting",
  running: "running",
  done: "ended",
  failed: "failed",
  cancelled: "cancelled",
} as const;

function partState(job: QueuedJob | undefined): PartState | undefined {
  if (job === undefined) return undefined;
  const { step } = (job.data ?? {}) as { step?: string };
  const result = (job.result ?? {}) as { exitCode?: number; reason?: string };
  const { exitCode, reason = job.reason } = result;
  const state = job.state === "done" && exitCode !== 0 ? "failed" : STATES[job.state];
  return { state, step, exitCode, reason };
}
