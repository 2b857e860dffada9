// Running a pipeline on this machine.
import { fault, messageOf, type RegistryError } from "../../core/errors.ts";
import type { Shard } from "../../core/work/shards.ts";
import type { Pipeline } from "../contract/pipeline.ts";
import { silentLogger } from "../../core/system.ts";
import type { Logger } from "../../core/registry.ts";
import { rmdirSync } from "node:fs";
import { dirname } from "@std/path";
import { encodePipeline } from "../config/encode.ts";
import type { RunEvent, StepOutcome } from "./events.ts";
import { endOf, failedOutcome, isWell, skippedOutcome } from "./outcomes.ts";
import { removeLeft, thisProcess } from "./left_folders.ts";
import { pinInputs, type PinOptions } from "./pin_inputs.ts";
import {
  type PipelinePlan,
  type PlannedStep,
  type PlanOptions,
  planWithSuccesses,
  settled,
} from "./plan.ts";
import { formatRunId, parseRunId } from "./records/names.ts";
import { type RunResult, saveResult, saveRun } from "./records/run_record.ts";
import type { StepRecord } from "./records/step_record.ts";
import { checkRunOptions, type RunContext, runFolder } from "./run_context.ts";
import { checkRoom, type Machine, Room, thisMachine } from "./schedule.ts";
import { findSecrets, withoutSecrets } from "./secrets.ts";
import { findDependencies } from "./sources.ts";
import { ShardGroup } from "./shards/end_shared.ts";
import { type ExecutedStep, executeStep } from "./step/execute_step.ts";
import { checkRunnable } from "./step/run_attempt.ts";
import { watchForCancel } from "./watch_cancel.ts";
import { createWriters } from "./writers.ts";

/** Options of {@linkcode runPipeline}. */
export interface RunPipelineOptions extends PlanOptions {
  onEvent?: (event: RunEvent) => void;
  /** Begin no more after the first failure, and end what runs. @default false: what does not depend on it goes on */
  failFast?: boolean;
  /** How many steps run at once on this machine. @default as nodes, cores and memory allow */
  concurrency?: number;
  /** Leave the folders that steps worked in. @default false */
  keep?: boolean;
  /** What this machine has. @default what the operating system says */
  machine?: Machine;
  /** Hears of what is no step's own. @default silent */
  logger?: Logger;
  /** Is told the run's name before anything runs, as to write its configuration beside it. */
  onRun?: (run: string, folder: string) => void | Promise<void>;
}

/**
 * Runs a pipeline: each step when those before it have ended well, beside others as far as there is room. What was done
 * before and has not changed is skipped; so a run that was stopped or killed is gone on with by running again.
 *
 * Failures of steps are in the result. An abort ends what runs, keeps the result, and throws the signal's reason.
 *
 * @throws {RegistryError} `NotFound` for an input that is not there, `Invalid` for a step that asks for more than there is
 */
export async function runPipeline(
  pipeline: Pipeline,
  options: RunPipelineOptions,
): Promise<RunResult> {
  options = checkRunOptions("run a pipeline", options);
  const { registry, machine = thisMachine(), system, root } = settled(options);
  const dependencies = findDependencies(pipeline);
  const { plan, successes, save } = await beginRun(pipeline, options, machine);
  const startedAt = new Date(system.now()).toISOString();
  const startedAtMs = system.monotonic();
  const run = await save();
  const stop = new AbortController();
  const { signal: given = new AbortController().signal, keep = false } = options;
  const tell = createTeller(options);
  const context: RunContext = {
    ...runContext(pipeline, run, options),
    dependencies,
    signal: AbortSignal.any([given, stop.signal]),
    keep,
    tell,
  };
  await removeLeft(dirname(context.folder), context);
  await options.onRun?.(run, context.folder);
  tell({ type: "run started", run, steps: plan.steps.length });

  const over = new AbortController();
  const looking = watchForCancel(context, stop, over.signal);
  let steps: Record<string, StepOutcome>;
  try {
    const all = { ...options, successes, root, machine, stop };
    steps = await new RunningSteps(context, plan, all).run();
  } finally {
    over.abort();
    await looking;
    if (!keep) removeEmpty(context.folder);
  }
  const end = endOf(steps);
  const durationMs = Math.round(system.monotonic() - startedAtMs);
  const result: RunResult = { kind: "result", run, end, startedAt, durationMs, steps };
  await saveResult(registry, result);
  tell({ type: "run ended", run, end, durationMs });
  given.throwIfAborted();
  return result;
}

function publicText(pipeline: Pipeline): string {
  // deno-lint-ignore no-explicit-any -- a pipeline is plain data
  return encodePipeline(withoutSecrets(pipeline as any));
}

/** Plans a run of steps that can run on this machine, or where another one carries them, and returns what saves it. */
export async function beginRun(pipeline: Pipeline, options: PlanOptions, machine?: Machine) {
  const chosen = pipeline.steps.filter(({ id }) => options.steps?.includes(id) ?? true);
  const isHere = machine !== undefined; // else whoever executes steps has the threads and the room that they need
  checkRunnable(chosen.filter(({ runAs }) => isHere || runAs !== "worker"), options);
  if (isHere) checkRoom(pipeline, chosen, machine);
  const { plan, successes } = await planWithSuccesses(pipeline, options);
  const { registry, signal } = options;
  const save = (key?: string) =>
    saveRun(registry, plan, { signal, configuration: publicText(pipeline), key });
  return { plan, successes, save };
}

/** Tells whoever listens; one that throws does not end a run. */
export function createTeller(
  { onEvent, logger = silentLogger }: Pick<RunPipelineOptions, "onEvent" | "logger">,
): (event: RunEvent) => void {
  return (event) => {
    try {
      onEvent?.(event);
    } catch (error) {
      logger.warn(`Cannot tell of "${event.type}": who listens failed: ${messageOf(error)}`);
    }
  };
}

/** What steps of a run work with, as far as it is the same for all who execute them. */
export function runContext(
  pipeline: Pipeline,
  run: string,
  options: Omit<RunPipelineOptions, "onEvent">,
): Omit<RunContext, "dependencies"> {
  const { registry, operators, s3, executor, keep = false, logger = silentLogger } = options;
  const { root, system } = settled(options);
  const { number } = parseRunId(run);
  return {
    pipeline,
    run: formatRunId({ pipeline: pipeline.id, number }),
    registry,
    operators,
    root,
    system,
    secrets: findSecrets(pipeline, system),
    digests: new Map(),
    owner: thisProcess(),
    folder: runFolder(pipeline, { run, root }),
    keep,
    signal: options.signal ?? new AbortController().signal,
    logger,
    tell() {},
    ...(s3 === undefined ? {} : { s3 }),
    ...(executor === undefined ? {} : { executor }),
  };
}

interface RunStepsOptions extends RunPipelineOptions {
  successes: Map<string, { record: StepRecord; info: { name: string; version: string } }>;
  root: string;
  machine: Machine;
  stop: AbortController;
}

/** The steps of a run on this machine: those that wait, those that run, and how the others ended. */
class RunningSteps {
  readonly #context: RunContext;
  readonly #options: RunStepsOptions;
  readonly #planned: ReadonlyMap<string, PlannedStep>;
  readonly #outcomes: Record<string, StepOutcome> = {};
  readonly #done: Map<string, StepRecord>;
  readonly #room: Room;
  readonly #writersOf: ReturnType<typeof createWriters>;
  readonly #pinOptions: PinOptions;
  /** How many steps upstream of a step have not ended. */
  readonly #left: Map<string, number>;
  readonly #groups = new Map<string, ShardGroup>();
  readonly #inputsOf = new Map<string, ReturnType<typeof pinInputs>>();
  /** The steps that wait for room, by node. */
  readonly #queues: Map<string, Waiting[]>;
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
    this.#queues = new Map(pipeline.nodes.map(({ id }) => [id, []]));
  }

  /** Runs them all, and returns how each ended. */
  async run(): Promise<Record<string, StepOutcome>> {
    const ids = [...this.#planned.keys()];
    const first = ids.filter((id) => this.#left.get(id) === 0); // settling one frees others
    for (const id of first) this.#settle(id);
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

  /** Its upstream steps have ended: it waits for room, unless there is nothing to be done. */
  #settle(first: string): void {
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
    const queue = this.#queues.get(node)!;
    if (count === 1) return void queue.push({ id });
    this.#groups.set(id, new ShardGroup(count, this.#context.system));
    for (let index = 0; index < count; index++) queue.push({ id, shard: { index, count } });
  }

  /** Returns the steps that waited for this one alone. */
  #release(id: string): string[] {
    return this.#context.dependencies.after.get(id)!.filter((next) => {
      const left = this.#left.get(next);
      if (left !== undefined) this.#left.set(next, left - 1);
      return left === 1;
    });
  }

  #end(id: string, outcome: StepOutcome): void {
    this.#outcomes[id] = outcome;
    this.#context.tell({ type: "step ended", step: id, ...outcome });
  }

  #cancel(id: string, reason: string): void {
    this.#end(id, { end: "cancelled", durationMs: 0, reason });
  }

  #beginWhatFits(): void {
    const { dependencies: { steps }, signal } = this.#context;
    for (const queue of this.#queues.values()) {
      while (queue.length > 0 && !signal.aborted && this.#room.fits(steps.get(queue[0].id)!)) {
        const next = queue.shift()!;
        this.#room.begin(steps.get(next.id)!, () => this.#runOne(next));
      }
    }
  }

  async #runOne({ id, shard }: Waiting): Promise<void> {
    const { failFast, stop } = this.#options;
    const group = this.#groups.get(id);
    try {
      const executed = group?.failed ? undefined : await this.#execute({ id, shard });
      if (shard !== undefined && executed !== undefined) {
        this.#context.tell({ type: "shard ended", step: id, shard, ...executed.outcome });
      }
      const whole = group === undefined ? executed : group.end(executed);
      if (whole === undefined) return; // other shards are under way
      if (whole.success !== undefined) this.#done.set(id, whole.success.record);
      this.#end(id, whole.outcome);
      if (failFast && whole.outcome.end === "failed") stop.abort(failedFast(id));
    } catch (error) {
      if (this.#outcomes[id] === undefined) this.#cancel(id, "the run was stopped");
      if (this.#context.signal.aborted) return;
      this.#thrown ??= { error };
      stop.abort(error);
      return;
    }
    for (const next of this.#release(id)) this.#settle(next);
  }

  async #execute({ id, shard }: Waiting): Promise<ExecutedStep> {
    const context = this.#context;
    const step = context.dependencies.steps.get(id)!;
    const planned = this.#planned.get(id)!;
    const pinned = this.#inputsOf.get(id) ??
      pinInputs(step, this.#writersOf(step), { ...this.#pinOptions, known: planned.inputs });
    if (shard !== undefined) this.#inputsOf.set(id, pinned); // shards of one step read the same
    try {
      await pinned;
    } catch (error) {
      context.signal.throwIfAborted();
      return { outcome: failedOutcome(error, context.secrets) };
    }
    const { inputs } = await pinned;
    return await executeStep(
      shard === undefined ? context : { ...context, shard },
      planned,
      inputs,
    );
  }
}

interface Waiting {
  id: string;
  shard?: Shard;
}

function failedFast(step: string): RegistryError {
  return fault({
    code: "TaskFailed",
    action: "go on",
    state: `step "${step}" failed, and the run ends with the first failure`,
    hint: "Leave --fail-fast out to run what does not depend on it.",
  });
}

/** Folders of the run that nothing is in. */
function removeEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // Something was kept there, or nothing was made.
  }
}
