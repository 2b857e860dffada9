// Runs a pipeline in several processes that share only an id and their number: tasks of an array.
import { isOfShard, type Shard, shown, unavailable, valueAt } from "../../../core/kernel.ts";
import type { Pipeline, PipelineStep } from "../../contract/pipeline.ts";
import type { RunResult } from "../records/run_record.ts";
import { beginRun } from "../begin_run.ts";
import type { RunPipelineOptions } from "./run_options.ts";
import type { Machine } from "../../contract/engine.ts";
import { Room, thisMachine } from "../schedule.ts";
import { checkRunOptions } from "../run_context.ts";
import { advance, endRun, findCarriedRun, isStopped, WAIT_MS } from "./carried_run.ts";
import type { CarriedRun } from "./carried_run.ts";
import { untilAnswered } from "./next_steps.ts";
import { runStepOf } from "./run_step.ts";

/** Options of {@linkcode shareRun}. */
export interface ShareRunOptions extends Omit<RunPipelineOptions, "failFast" | "carry"> {
  shard: Shard;
  /** Unique id of the array, the same for all its tasks. */
  array: string;
}

/**
 * Runs a pipeline together with other processes, which call this with the same `array` and
 * different shards. The first one plans the run. Each process executes the steps that their names
 * assign to it, and its share of the shards of a step, and waits for the others. All return the
 * same result.
 *
 * A killed process must be restarted with its number; finished steps are skipped. An abort ends the
 * steps of this process and throws the signal's reason; the other processes continue to wait.
 *
 * @throws {RegistryError} `Conflict` if another process planned the run with another configuration;
 * otherwise like `runPipeline`
 */
export async function shareRun(pipeline: Pipeline, options: ShareRunOptions): Promise<RunResult> {
  options = checkRunOptions("share a run", options, ["shard", "array"]);
  const { machine = thisMachine() } = options;
  const { save } = await beginRun(pipeline, options, machine);
  const run = await save(`array:${options.array}`);
  const carried = await findCarriedRun(pipeline, { ...options, run });
  await options.onRun?.(run, carried.context.folder);
  return await new SharedRun(carried, { ...options, machine }).untilEnd();
}

/** A run in one of its processes, and the steps that run here. */
class SharedRun {
  readonly #run: CarriedRun;
  readonly #options: ShareRunOptions;
  readonly #room: Room;
  readonly #begun = new Set<string>();
  #thrown?: { error: unknown };
  #stopped = false;

  constructor(run: CarriedRun, options: ShareRunOptions & { machine: Machine }) {
    this.#run = run;
    this.#options = options;
    this.#room = new Room(run.context.pipeline, options.machine, options.concurrency);
  }

  async untilEnd(): Promise<RunResult> {
    const { signal } = this.#options;
    const { context: { run, emit }, state: { frontier } } = this.#run;
    emit({ type: "run started", run, steps: frontier.planned.size });
    const isOver = () => frontier.open.length === 0 || this.#thrown !== undefined;
    for (let waitMs: number = WAIT_MS.first; !isOver();) {
      if (signal?.aborted) break;
      this.#stopped ||= await isStopped(this.#run);
      if (this.#stopped && this.#room.running.size === 0) break;
      const changed = await this.#untilAnswered(() => this.#update());
      waitMs = changed ? WAIT_MS.first : Math.min(waitMs * 1.5, WAIT_MS.most);
      if (!changed) await this.#wait(waitMs);
    }
    await Promise.all(this.#room.running);
    signal?.throwIfAborted();
    if (this.#thrown !== undefined) throw this.#thrown.error;
    if (this.#stopped) await this.#update(); // some may just have ended
    const end = () => endRun(this.#run, { stopped: this.#stopped });
    const result = (await this.#untilAnswered(end))!;
    frontier.emitEnds(emit);
    emit({ type: "run ended", run, end: result.end, durationMs: result.durationMs });
    return result;
  }

  #untilAnswered<T>(operation: () => Promise<T>): Promise<T> {
    return untilAnswered(this.#run, operation, { signal: this.#options.signal });
  }

  /** Begins due steps. Returns whether one has ended. */
  async #update(): Promise<boolean> {
    const { state: { frontier }, context: { emit, dependencies: { steps } } } = this.#run;
    await advance(this.#run, frontier.ready, (id) => {
      if (!this.#stopped) this.#beginOwn(valueAt(steps, id));
      return Promise.resolve(true);
    });
    return frontier.emitEnds(emit) > 0;
  }

  #beginOwn(step: PipelineStep): void {
    for (const part of partsOf(step, this.#options.shard)) {
      const name = JSON.stringify([step.id, part?.index ?? 0]);
      if (this.#begun.has(name) || !this.#room.fits(step)) continue;
      this.#begun.add(name);
      this.#room.begin(step, () => this.#execute(step, part));
    }
  }

  async #execute({ id }: PipelineStep, shard: Shard | undefined): Promise<void> {
    const { signal, onEvent } = this.#options;
    try {
      const { end, reason } = await runStepOf(this.#run, {
        step: id,
        shard,
        signal,
        onEvent(event) {
          // The end of a step is emitted when it is recorded; here only this shard has ended.
          if (event.type !== "step ended") onEvent?.(event);
          else if (shard !== undefined) onEvent?.({ ...event, type: "shard ended", shard });
        },
      });
      if (end !== "failed" || this.#run.state.frontier.outcomeOf(id) !== undefined) return;
      // Nothing else ends the run: all processes wait for a record.
      const hint = "Start this task again: it continues with the remaining steps.";
      throw unavailable("record failed step", shown(id), `${reason}`, { hint });
    } catch (error) {
      if (!signal?.aborted) this.#thrown ??= { error };
    }
  }

  async #wait(ms: number): Promise<void> {
    const { signal } = this.#options;
    const over = new AbortController();
    const awake = AbortSignal.any([over.signal, ...signal === undefined ? [] : [signal]]);
    const asleep = this.#run.context.system.sleep(ms, awake).catch(() => {});
    await Promise.race([asleep, ...this.#room.running]);
    over.abort();
  }
}

/** Returns the shards of a step that this process executes; undefined is the whole step. */
function partsOf({ id, shards }: PipelineStep, own: Shard): (Shard | undefined)[] {
  if (shards === 1) return isOfShard(id, own) ? [undefined] : [];
  return Array.from({ length: shards }, (_, index) => ({ index, count: shards }))
    .filter(({ index }) => index % own.count === own.index);
}
