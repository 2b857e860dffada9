// One run of a pipeline, shared by processes that know nothing of one another but their number: the
// tasks of an array.
import type { Pipeline, PipelineStep } from "../../contract/pipeline.ts";
import { isOfShard, type Shard } from "../../../core/work/shards.ts";
import type { RunResult } from "../records/run_record.ts";
import { beginRun, type RunPipelineOptions } from "../run_pipeline.ts";
import { type Machine, Room, thisMachine } from "../schedule.ts";
import { checkRunOptions } from "../run_context.ts";
import type { CarriedRun } from "./carried_run.ts";
import { endRun, findCarriedRun, isToStop, STOPPED } from "./carried_run.ts";
import { runStepOf } from "./run_step.ts";
import { WAIT_MS } from "./watch_run.ts";

/** Options of {@linkcode shareRun}. */
export interface ShareRunOptions extends Omit<RunPipelineOptions, "failFast"> {
  shard: Shard;
  /** What all of them say, and nobody else ever does: an id of the array. */
  array: string;
}

/**
 * Runs a pipeline together with other processes, each of which calls this with the same `array` and a shard of its own.
 * The first to come plans the run. Each executes the steps that are its own, by their names alone, and of those with
 * `shards` every part whose turn it is; for the others it waits, as the registry tells. All return the same result.
 *
 * A process that was killed has to be started again with its number: what it had done is not done again. An abort ends
 * what this one executes, and throws the signal's reason; the others go on waiting.
 *
 * @throws {RegistryError} `Conflict` where another one planned the run with another configuration; else as `runPipeline`
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

/** A run as one of its processes does it: which steps are left, and what is under way here. */
class SharedRun {
  readonly #run: CarriedRun;
  readonly #options: ShareRunOptions;
  readonly #room: Room;
  readonly #left: Set<string>;
  readonly #begun = new Set<string>();
  #thrown?: { error: unknown };
  #stopped = false;

  constructor(run: CarriedRun, options: ShareRunOptions & { machine: Machine }) {
    this.#run = run;
    this.#options = options;
    this.#room = new Room(run.context.pipeline, options.machine, options.concurrency);
    this.#left = new Set(run.plan.record.steps.map(({ step }) => step));
  }

  async untilEnd(): Promise<RunResult> {
    const { signal } = this.#options;
    const { run, tell } = this.#run.context;
    tell({ type: "run started", run, steps: this.#left.size });
    for (let waitMs: number = WAIT_MS.first; this.#left.size > 0 && this.#thrown === undefined;) {
      if (signal?.aborted) break;
      this.#stopped ||= await isToStop(this.#run);
      if (this.#stopped && this.#room.running.size === 0) break;
      const changed = await this.#look();
      waitMs = changed ? WAIT_MS.first : Math.min(waitMs * 1.5, WAIT_MS.most);
      if (!changed && this.#left.size > 0) await this.#wait(waitMs);
    }
    await Promise.all(this.#room.running);
    signal?.throwIfAborted();
    if (this.#thrown !== undefined) throw this.#thrown.error;
    if (this.#stopped) await this.#look(); // what ended at the last moment
    for (const id of this.#left) tell({ type: "step ended", step: id, ...STOPPED });
    const result = (await endRun(this.#run, this.#stopped ? { stopped: STOPPED } : {}))!;
    tell({ type: "run ended", run, end: result.end, durationMs: result.durationMs });
    return result;
  }

  /** Looks at the steps that wait for none, and begins what is to be done here; true where one has ended. */
  async #look(): Promise<boolean> {
    const { state, context: { tell, dependencies: { steps, before } } } = this.#run;
    const statuses = await state.look(
      [...this.#left].filter((id) => before.get(id)!.every((other) => !this.#left.has(other))),
    );
    let changed = false;
    for (const [id, status] of statuses) {
      if (status.is === "ended") {
        this.#left.delete(id);
        tell({ type: "step ended", step: id, ...status.outcome });
        changed = true;
      } else if (status.is === "due" && !this.#stopped) this.#beginOwn(steps.get(id)!);
    }
    return changed;
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
      await runStepOf(this.#run, {
        ...{ step: id, shard, signal },
        onEvent(event) {
          // A step is told to have ended when that is on record: of one with several parts only this part has.
          if (event.type !== "step ended") onEvent?.(event);
          else if (shard !== undefined) onEvent?.({ ...event, type: "shard ended", shard });
        },
      });
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

/** What of a step is to be done here: all of it or nothing, or every so-many-th of its parts. */
function partsOf({ id, shards }: PipelineStep, own: Shard): (Shard | undefined)[] {
  if (shards === 1) return isOfShard(id, own) ? [undefined] : [];
  return Array.from({ length: shards }, (_, index) => ({ index, count: shards }))
    .filter(({ index }) => index % own.count === own.index);
}
