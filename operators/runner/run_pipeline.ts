// Runs a pipeline on this machine.
//
//   const { pipeline, folder: root } = await loadPipeline("train.yaml", { operators });
//   const { end, steps } = await runPipeline(pipeline, { registry, operators, root });
//
// `beginRun` plans: which steps run, and which an earlier run has done. `RunningSteps` then
// executes them. A step waits for those before it (`Frontier`), then in the queue of its node for
// room (`Room`), runs (`step/execute_step.ts`), and its end makes those after it ready.
//
// A step that fails, also because of its inputs, is an outcome, and blocks only the steps after it.
// Only a fault of the run is thrown: the registry does not answer, or an abort. It ends all running
// steps, and steps that did not run are `cancelled`. Results of steps are saved as they end, so the
// next run continues. Engines run the same steps elsewhere: `carry/submit_run.ts`.
import { eitherSignal, fault, valueAt } from "../../core/kernel.ts";
import type { Machine } from "../contract/engine.ts";
import type { Pipeline } from "../contract/pipeline.ts";
import { beginRun } from "./begin_run.ts";
import { Frontier } from "./frontier.ts";
import { endOf, failedOutcome, STOPPED } from "./outcomes.ts";
import type { StepOutcome } from "./outcomes.ts";
import { removeEmpty, removeLeft } from "./left_folders.ts";
import { createPins, type Pins } from "./pin_inputs.ts";
import { type RunResult, saveResult, watchForCancel } from "./records/run_record.ts";
import { checkRunOptions, createRunContext, type RunContext, withDefaults } from "./run_context.ts";
import { type ReadyStep, ReadySteps, Room, thisMachine } from "./schedule.ts";
import type { RunPipelineOptions } from "./carry/run_options.ts";
import { type ExecutedStep, ShardGroup } from "./shards/shard_group.ts";
import { executeStep } from "./step/execute_step.ts";
import { pipelineReasons } from "../contract/reasons.ts";

/**
 * Runs a pipeline: each step when its upstream steps have succeeded and there is room for it. Skips
 * steps that are done and unchanged, so a stopped or killed run continues with the next run.
 *
 * Failures of steps are in the result. An abort ends running steps, saves the result, and throws
 * the signal's reason. With `carry`, the run is that of `submitRun` and `watchRun`.
 *
 * @throws {RegistryError} `NotFound` for a missing input, `Invalid` for a step that requests more
 * resources than there are
 */
export async function runPipeline(
  pipeline: Pipeline,
  options: RunPipelineOptions,
): Promise<RunResult> {
  options = checkRunOptions("run a pipeline", options);
  const { carry } = options;
  if (carry !== undefined) {
    const { runOnEngine } = await import("./carry/submit_run.ts");
    return await runOnEngine(pipeline, { ...options, carry });
  }
  const { registry, machine = thisMachine(), system } = withDefaults(options);
  const { plan, successes, save } = await beginRun(pipeline, options, machine);
  const startedAt = new Date(system.now()).toISOString();
  const startedAtMs = system.monotonic();
  const run = await save();
  const stop = new AbortController();
  const { signal: callerSignal, keep = false } = options;
  const signal = eitherSignal(stop.signal, callerSignal);
  const context = createRunContext(pipeline, run, { ...options, signal });
  const { emit } = context;
  await removeLeft(context);
  await options.onRun?.(run, context.folder);
  emit({ type: "run started", run, steps: plan.steps.length });

  const over = new AbortController();
  const watching = watchForCancel(context, stop, over.signal);
  let steps: Record<string, StepOutcome>;
  try {
    const frontier = new Frontier(plan.steps, context.dependencies, successes);
    steps = await new RunningSteps(context, frontier, { ...options, machine, stop }).run();
  } finally {
    over.abort();
    await watching;
    if (!keep) removeEmpty(context.folder);
  }
  const end = endOf(steps);
  const durationMs = Math.round(system.monotonic() - startedAtMs);
  const result: RunResult = { kind: "result", run, end, startedAt, durationMs, steps };
  await saveResult(registry, result, pipeline.steps);
  emit({ type: "run ended", run, end, durationMs });
  callerSignal?.throwIfAborted();
  return result;
}

interface RunStepsOptions extends RunPipelineOptions {
  machine: Machine;
  stop: AbortController;
}

/** The ready and running steps of a run on this machine. */
class RunningSteps {
  readonly #context: RunContext;
  readonly #options: RunStepsOptions;
  readonly #frontier: Frontier;
  readonly #room: Room;
  readonly #pin: ReturnType<typeof createPins>;
  readonly #groups = new Map<string, ShardGroup>();
  readonly #inputsOf = new Map<string, Promise<Pins>>();
  /** Steps that wait for room, by node. */
  readonly #queues: ReadonlyMap<string, ReadySteps>;
  #thrown?: { error: unknown };

  constructor(context: RunContext, frontier: Frontier, options: RunStepsOptions) {
    const { pipeline, dependencies } = context;
    this.#context = context;
    this.#options = options;
    this.#frontier = frontier;
    this.#room = new Room(pipeline, options.machine, options.concurrency);
    this.#pin = createPins(context, frontier);
    this.#queues = new Map(
      pipeline.nodes.map(({ id }) => [id, new ReadySteps(dependencies.remaining)]),
    );
  }

  async run(): Promise<Record<string, StepOutcome>> {
    const { emit, signal } = this.#context;
    this.#frontier.emitEnds(emit);
    for (const id of this.#frontier.ready) this.#wait(id);
    for (;;) {
      this.#beginWhatFits();
      if (this.#room.running.size === 0) break;
      await Promise.race(this.#room.running);
    }
    if (this.#thrown !== undefined && !signal.aborted) throw this.#thrown.error;
    const outcomes = this.#frontier.close();
    this.#frontier.emitEnds(emit);
    return outcomes;
  }

  #wait(id: string): void {
    const { node, shards: count } = valueAt(this.#context.dependencies.steps, id);
    if (count > 1) this.#groups.set(id, new ShardGroup(count, this.#context.system));
    valueAt(this.#queues, node).add(id, count);
  }

  #end(id: string, { outcome, success }: ExecutedStep): void {
    const { emit, system } = this.#context;
    if (outcome.durationMs > 0) {
      const startedAt = new Date(system.now() - outcome.durationMs).toISOString();
      outcome = { ...outcome, startedAt };
    }
    for (const next of this.#frontier.end(id, { outcome, success })) this.#wait(next);
    this.#frontier.emitEnds(emit);
  }

  #beginWhatFits(): void {
    const { dependencies: { steps }, signal } = this.#context;
    for (const queue of this.#queues.values()) {
      for (let id = queue.first; id !== undefined; id = queue.first) {
        if (signal.aborted || !this.#room.fits(valueAt(steps, id))) break;
        const next = queue.take()!;
        this.#room.begin(valueAt(steps, id), () => this.#runOne(next));
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
      this.#end(id, whole);
      if (failFast && whole.outcome.end === "failed") {
        stop.abort(fault({
          code: "TaskFailed",
          action: "continue",
          state: `step "${id}" failed, and the run ends with the first failure`,
          hint: "Pass failFast: false to run steps that do not depend on it.",
          reason: pipelineReasons.of("step_failed_first"),
        }));
      }
    } catch (error) {
      this.#end(id, { outcome: STOPPED });
      if (this.#context.signal.aborted) return;
      this.#thrown ??= { error };
      stop.abort(error);
    }
  }

  async #execute({ id, shard }: ReadyStep): Promise<ExecutedStep> {
    const context = this.#context;
    const step = valueAt(context.dependencies.steps, id);
    const planned = valueAt(this.#frontier.planned, id);
    const pinned = this.#inputsOf.get(id) ?? this.#pin(step, planned.inputs);
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
