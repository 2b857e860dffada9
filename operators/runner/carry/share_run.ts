// One run of a pipeline, shared by processes that know nothing of one another but their number: the
// tasks of an array.
import type { Pipeline, PipelineStep } from "../../contract/pipeline.ts";
import { isOfShard, type Shard } from "../../../core/work/shards.ts";
import type { RunEvent } from "../events.ts";
import type { RunResult } from "../records/run_record.ts";
import { beginRun, type RunPipelineOptions } from "../run_pipeline.ts";
import { Room, thisMachine } from "../schedule.ts";
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
  const { array, shard, signal, concurrency, machine = thisMachine(), onEvent } = options;
  const { save } = await beginRun(pipeline, options, machine);
  const run = await save(`array:${array}`);
  const carried = await findCarriedRun(pipeline, { ...options, run });
  const { context, state } = carried;
  const { system, tell, dependencies: { steps, before } } = context;
  await options.onRun?.(run, context.folder);

  const room = new Room(pipeline, machine, concurrency);
  const left = new Set(carried.plan.record.steps.map(({ step }) => step));
  const begun = new Set<string>();
  const running = new Set<Promise<void>>();
  let thrown: { error: unknown } | undefined;
  let stopped = false;
  tell({ type: "run started", run, steps: left.size });
  for (let waitMs: number = WAIT_MS.first; left.size > 0 && thrown === undefined;) {
    if (signal?.aborted) break;
    stopped ||= await isToStop(carried);
    if (stopped && running.size === 0) break;
    const changed = await look();
    waitMs = changed ? WAIT_MS.first : Math.min(waitMs * 1.5, WAIT_MS.most);
    if (!changed && left.size > 0) await wait(waitMs);
  }
  await Promise.all(running);
  signal?.throwIfAborted();
  if (thrown !== undefined) throw thrown.error;
  if (stopped) await look(); // what ended at the last moment
  for (const id of left) tell({ type: "step ended", step: id, ...STOPPED });
  const result = (await endRun(carried, stopped ? { stopped: STOPPED } : {}))!;
  tell({ type: "run ended", run, end: result.end, durationMs: result.durationMs });
  return result;

  /** Looks at the steps that wait for none, and begins what is to be done here; true where one has ended. */
  async function look(): Promise<boolean> {
    const statuses = await state.look(
      [...left].filter((id) => before.get(id)!.every((other) => !left.has(other))),
    );
    let changed = false;
    for (const [id, status] of statuses) {
      if (status.is === "ended") {
        left.delete(id);
        tell({ type: "step ended", step: id, ...status.outcome });
        changed = true;
      } else if (status.is === "due" && !stopped) beginOwn(steps.get(id)!);
    }
    return changed;
  }

  function beginOwn(step: PipelineStep): void {
    for (const part of partsOf(step, shard)) {
      const name = JSON.stringify([step.id, part?.index ?? 0]);
      if (begun.has(name) || !room.fits(step)) continue;
      begun.add(name);
      const giveBack = room.take(step);
      const work: Promise<void> = execute(step, part).finally(() => {
        giveBack();
        running.delete(work);
      });
      running.add(work);
    }
  }

  async function execute({ id }: PipelineStep, part: Shard | undefined): Promise<void> {
    try {
      await runStepOf(carried, {
        ...{ step: id, shard: part, signal },
        onEvent: (event) => event.type === "step ended" ? ownEnded(part, event) : onEvent?.(event),
      });
    } catch (error) {
      if (!signal?.aborted) thrown ??= { error };
    }
  }

  /** A step is told to have ended when that is on record: of one with several parts only this part has. */
  function ownEnded(part: Shard | undefined, event: RunEvent & { type: "step ended" }): void {
    if (part !== undefined) onEvent?.({ ...event, type: "shard ended", shard: part });
  }

  async function wait(ms: number): Promise<void> {
    const over = new AbortController();
    const awake = AbortSignal.any([over.signal, ...signal === undefined ? [] : [signal]]);
    const asleep = system.sleep(ms, awake).catch(() => {});
    await Promise.race([asleep, ...running]);
    over.abort();
  }
}

/** What of a step is to be done here: all of it or nothing, or every so-many-th of its parts. */
function partsOf({ id, shards }: PipelineStep, own: Shard): (Shard | undefined)[] {
  if (shards === 1) return isOfShard(id, own) ? [undefined] : [];
  return Array.from({ length: shards }, (_, index) => ({ index, count: shards }))
    .filter(({ index }) => index % own.count === own.index);
}
