// Runs a pipeline on this machine.
//
//   const { pipeline, folder: root } = await loadPipeline("train.yaml", { operators });
//   const { end, steps } = await runPipeline(pipeline, { registry, operators, root });
//
// `beginRun` plans: which steps run, and which an earlier run has done. `RunningSteps` then holds
// the state of the run. A step waits for those before it (`#left`), then in the queue of its node
// for room (`Room`), runs (`step/execute_step.ts`), ends (`#outcomes`) and releases those after it.
//
// A step that fails, also because of its inputs, is an outcome, and blocks only the steps after it.
// Only a fault of the run is thrown: the registry does not answer, or an abort. It ends all running
// steps, and steps that did not run are `cancelled`. Results of steps are saved as they end, so the
// next run continues. Engines run the same steps elsewhere: `carry/carry_pipeline.ts`.
import { fault } from "../../core/errors.ts";
import type { Pipeline } from "../contract/pipeline.ts";
import { beginRun } from "./begin_run.ts";
import { endOf, failedOutcome, isWell, skippedOutcome } from "./outcomes.ts";
import type { RunEvent, StepOutcome } from "./outcomes.ts";
import { removeEmpty, removeLeft } from "./left_folders.ts";
import { pinInputs, type PinOptions } from "./pin_inputs.ts";
import type { PipelinePlan, PlannedStep, PlanOptions } from "./plan.ts";
import { type RunResult, saveResult, watchForCancel } from "./records/run_record.ts";
import type { StepRecord } from "./records/files.ts";
import { checkRunOptions, createRunContext, type RunContext, withDefaults } from "./run_context.ts";
import type { Logger } from "../../core/registry.ts";
import { type Machine, type ReadyStep, ReadySteps, Room, thisMachine } from "./schedule.ts";
import { type ExecutedStep, ShardGroup } from "./shards/shard_group.ts";
import { executeStep } from "./step/execute_step.ts";
import { createWriters } from "./sources.ts";

/** Options of {@linkcode runPipeline}. */
export interface RunPipelineOptions extends PlanOptions {
  onEvent?: (event: RunEvent) => void;
  /** Keeps the work folders of steps. @default false */
  keep?: boolean;
  /** Receives messages that belong to no step. @default silent */
  logger?: Logger;
  /**
   * Starts no step after the first failure, and ends running ones.
   * @default false: independent steps go on
   */
  failFast?: boolean;
  /** Maximum number of steps at once on this machine. @default as nodes, cores and memory allow */
  concurrency?: number;
  /** Resources of this machine. @default as the operating system reports them */
  machine?: Machine;
  /** Called with the run's name before a step starts, such as to save its configuration. */
  onRun?: (run: string, folder: string) => void | Promise<void>;
}

/**
 * Runs a pipeline: each step when its upstream steps have succeeded and there is room for it. Skips
 * steps that are done and unchanged, so a stopped or killed run continues with the next run.
 *
 * Failures of steps are in the result. An abort ends running steps, saves the result, and throws
 * the signal's reason.
 *
 * @throws {RegistryError} `NotFound` for a missing input, `Invalid` for a step that requests more
 * resources than there are
 */
export async function runPipeline(
  pipeline: Pipeline,
  options: RunPipelineOptions,
): Promise<RunResult> {
  options = checkRunOptions("run a pipeline", options);
  const { registry, machine = thisMachine(), system, root } = withDefaults(options);
  const { plan, successes, save } = await beginRun(pipeline, options, machine);
  const startedAt = new Date(system.now()).toISOString();
  const startedAtMs = system.monotonic();
  const run = await save();
  const stop = new AbortController();
  const { signal: given, keep = false } = options;
  const signal = AbortSignal.any([stop.signal, ...given === undefined ? [] : [given]]);
  const context = createRunContext(pipeline, run, { ...options, signal });
  const { emit } = context;
  await removeLeft(context);
  await options.onRun?.(run, context.folder);
  emit({ type: "run started", run, steps: plan.steps.length });

  const over = new AbortController();
  const watching = watchForCancel(context, stop, over.signal);
  let steps: Record<string, StepOutcome>;
  try {
    const all = { ...options, successes, root, machine, stop };
    steps = await new RunningSteps(context, plan, all).run();
  } finally {
    over.abort();
    await watching;
    if (!keep) removeEmpty(context.folder);
  }
  const end = endOf(steps);
  const durationMs = Math.round(system.monotonic() - startedAtMs);
  const result: RunResult = { kind: "result", run, end, startedAt, durationMs, steps };
  await saveResult(registry, result);
  emit({ type: "run ended", run, end, durationMs });
  given?.throwIfAborted();
  return result;
}

interface RunStepsOptions extends RunPipelineOptions {
  successes: Map<string, { record: StepRecord; info: { name: string; version: string } }>;
  root: string;
  machine: Machine;
  stop: AbortController;
}

/** The steps of a run on this machine: waiting, running and ended. */
class RunningSteps {
  readonly #context: RunContext;
  readonly #options: RunStepsOptions;
  readonly #planned: ReadonlyMap<string, PlannedStep>;
  readonly #outcomes: Record<string, StepOutcome> = {};
  readonly #done: Map<string, StepRecord>;
  readonly #room: Room;
  readonly #writersOf: ReturnType<typeof createWriters>;
  readonly #pinOptions: PinOptions;
  /** Number of upstream steps that have not ended. */
  readonly #left: Map<string, number>;
  readonly #groups = new Map<string, ShardGroup>();
  readonly #inputsOf = new Map<string, ReturnType<typeof pinInputs>>();
  /** Steps that wait for room, by node. */
  readonly #queues: ReadonlyMap<string, ReadySteps>;
  #thrown?: { error: unknown };

  constructor(context: RunContext, plan: PipelinePlan, options: RunStepsOptions) {
    const { pipeline, dependencies, registry, s3, signal } = context;
    const { successes, root, machine, concurrency } = options;
    this.#context = context;
    this.#options = options;
    this.#planned = new Map(plan.steps.map((step) => [step.step, step]));
    this.#done = new Map([...successes].map(([id, { record }]) => [id, record]));
    this.#room = new Room(pipeline, machine, concurrency);
    this.#writersOf = createWriters(pipeline, dependencies, root);
    this.#pinOptions = {
      ...{ registry, root, s3, signal, pinned: new Map() },
      isStep: (id) => dependencies.steps.has(id),
      successOf: (id) => this.#done.get(id),
    };
    const upstream = (id: string) =>
      dependencies.before.get(id)!.filter((other) => this.#planned.has(other));
    this.#left = new Map([...this.#planned.keys()].map((id) => [id, upstream(id).length]));
    this.#queues = new Map(
      pipeline.nodes.map(({ id }) => [id, new ReadySteps(dependencies.remaining)]),
    );
  }

  async run(): Promise<Record<string, StepOutcome>> {
    const ids = [...this.#planned.keys()];
    const first = ids.filter((id) => this.#left.get(id) === 0); // before they free others
    for (const id of first) this.#advance(id);
    for (;;) {
      this.#beginWhatFits();
      if (this.#room.running.size === 0) break;
      await Promise.race(this.#room.running);
    }
    if (this.#thrown !== undefined && !this.#context.signal.aborted) throw this.#thrown.error;
    for (const id of ids) {
      if (this.#outcomes[id] === undefined) this.#cancel(id, "the run ended");
    }
    return this.#outcomes;
  }

  /** Queues a step whose upstream steps have ended, unless it is skipped or blocked. */
  #advance(first: string): void {
    const { before } = this.#context.dependencies;
    const waiting = [first];
    for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
      const failed = before.get(id)!.find((other) => {
        const outcome = this.#outcomes[other];
        return outcome !== undefined && !isWell(outcome);
      });
      const success = this.#options.successes.get(id);
      if (failed !== undefined) {
        this.#end(id, { end: "blocked", durationMs: 0, reason: `step ${failed} has no success` });
      } else if (this.#planned.get(id)!.decision === "skip" && success !== undefined) {
        this.#end(id, skippedOutcome(success));
      } else {
        this.#wait(id);
        continue;
      }
      waiting.push(...this.#release(id));
    }
  }

  #wait(id: string): void {
    const { node, shards: count } = this.#context.dependencies.steps.get(id)!;
    if (count > 1) this.#groups.set(id, new ShardGroup(count, this.#context.system));
    this.#queues.get(node)!.add(id, count);
  }

  /** Returns the steps that waited only for this one. */
  #release(id: string): string[] {
    return this.#context.dependencies.after.get(id)!.filter((next) => {
      const left = this.#left.get(next);
      if (left !== undefined) this.#left.set(next, left - 1);
      return left === 1;
    });
  }

  #end(id: string, outcome: StepOutcome): void {
    const { emit, system } = this.#context;
    if (outcome.durationMs > 0) {
      const startedAt = new Date(system.now() - outcome.durationMs).toISOString();
      outcome = { ...outcome, startedAt };
    }
    this.#outcomes[id] = outcome;
    emit({ type: "step ended", step: id, ...outcome });
  }

  #cancel(id: string, reason: string): void {
    this.#end(id, { end: "cancelled", durationMs: 0, reason });
  }

  #beginWhatFits(): void {
    const { dependencies: { steps }, signal } = this.#context;
    for (const queue of this.#queues.values()) {
      for (let id = queue.first; id !== undefined; id = queue.first) {
        if (signal.aborted || !this.#room.fits(steps.get(id)!)) break;
        const next = queue.take()!;
        this.#room.begin(steps.get(id)!, () => this.#runOne(next));
      }
    }
  }

  async #runOne({ id, shard }: ReadyStep): Promise<void> {
    const { failFast, stop } = this.#options;
    const group = this.#groups.get(id);
    try {
      const executed = group?.failed ? undefined : await this.#execute({ id, shard });
      if (shard !== undefined && executed !== undefined) {
        this.#context.emit({ type: "shard ended", step: id, shard, ...executed.outcome });
      }
      const whole = group === undefined ? executed : group.end(executed);
      if (whole === undefined) return; // other shards are running
      if (whole.success !== undefined) this.#done.set(id, whole.success.record);
      this.#end(id, whole.outcome);
      if (failFast && whole.outcome.end === "failed") {
        stop.abort(fault({
          code: "TaskFailed",
          action: "continue",
          state: `step "${id}" failed, and the run ends with the first failure`,
          hint: "Omit --fail-fast to run steps that do not depend on it.",
        }));
      }
    } catch (error) {
      if (this.#outcomes[id] === undefined) this.#cancel(id, "the run was stopped");
      if (this.#context.signal.aborted) return;
      this.#thrown ??= { error };
      stop.abort(error);
      return;
    }
    for (const next of this.#release(id)) this.#advance(next);
  }

  async #execute({ id, shard }: ReadyStep): Promise<ExecutedStep> {
    const context = this.#context;
    const step = context.dependencies.steps.get(id)!;
    const planned = this.#planned.get(id)!;
    const pinned = this.#inputsOf.get(id) ??
      pinInputs(step, this.#writersOf(step), { ...this.#pinOptions, known: planned.inputs });
    // Shards of a step read the same inputs.
    if (shard !== undefined) this.#inputsOf.set(id, pinned);
    try {
      await pinned;
    } catch (error) {
      context.signal.throwIfAborted();
      return { outcome: failedOutcome(error, context.secrets) };
    }
    const { inputs } = await pinned;
    const own = shard === undefined ? context : { ...context, shard };
    return await executeStep(own, planned, inputs, { group: this.#groups.get(id) });
  }
}
