// One step of a run that was planned: what engines execute.
import { dirname } from "@std/path";
import { fault, type RegistryError } from "../../../core/errors.ts";
import { shown } from "../../../core/naming/names.ts";
import type { Shard } from "../../../core/work/shards.ts";
import type { Pipeline } from "../../contract/pipeline.ts";
import type { RunEvent, StepOutcome } from "../events.ts";
import { createTeller } from "../run_pipeline.ts";
import { removeLeft } from "../left_folders.ts";
import { executeStep } from "../step/execute_step.ts";
import { checkRunnable } from "../step/run_attempt.ts";
import { cancelledError, watchForCancel } from "../watch_cancel.ts";
import { checkRunOptions } from "../run_context.ts";
import { deliverDue, endRun, findCarriedRun, isToStop, STOPPED } from "./carried_run.ts";
import type { CarriedRun, CarriedRunOptions } from "./carried_run.ts";
import type { CarryOptions } from "./deliveries.ts";

/** Options of {@linkcode runStep}. */
export interface RunStepOptions extends CarriedRunOptions {
  step: string;
  shard?: Shard;
  /** What carries the steps after it: they are handed over when their inputs are there. @default nobody does */
  carry?: CarryOptions;
}

/**
 * Executes one step of a run that was planned, with the inputs that the run gave it, unless it has been done; hands over
 * the steps that waited for it; and says how the run ended where it was the last. It may be called more often than once,
 * by several at once: what the step leaves is there once.
 *
 * @throws {RegistryError} `NotFound` where there is no such run or step; `Conflict` where the run was planned with another
 * configuration, or steps before this one have not ended; whatever keeps the step's end from being recorded. A failure
 * of the step is an outcome.
 */
export async function runStep(pipeline: Pipeline, options: RunStepOptions): Promise<StepOutcome> {
  options = checkRunOptions("execute a step", options, ["run", "step"]);
  return await runStepOf(await findCarriedRun(pipeline, options), options);
}

export async function runStepOf(run: CarriedRun, options: StepOfRun): Promise<StepOutcome> {
  run.underWay++;
  let done: Awaited<ReturnType<typeof executeAndDeliver>>;
  try {
    done = await executeAndDeliver(run, options);
  } finally {
    run.underWay--;
  }
  // As long as others are under way here, the run goes on, and the last of them looks.
  if (done.mayBeLast && run.underWay === 0) await endRun(run);
  return done.outcome;
}

type StepOfRun = Omit<RunStepOptions, keyof CarriedRunOptions> & {
  signal?: AbortSignal;
  onEvent?: (event: RunEvent) => void;
};

async function executeAndDeliver(
  run: CarriedRun,
  { step: id, shard, carry, signal: given, onEvent }: StepOfRun,
): Promise<{ outcome: StepOutcome; mayBeLast: boolean }> {
  const { plan, state } = run;
  const planned = plan.record.steps.find(({ step }) => step === id);
  if (planned === undefined) throw noStep(run.context.run, id);
  checkRunnable([run.context.dependencies.steps.get(id)!], run.context);
  const stop = new AbortController();
  const signal = AbortSignal.any([stop.signal, ...given === undefined ? [] : [given]]);
  const tell = createTeller({ onEvent, logger: run.context.logger });
  const context = { ...run.context, signal, tell, ...(shard === undefined ? {} : { shard }) };
  if (await isToStop(run)) {
    await endStopped(run, { step: id, carry, signal: given });
    return {
      outcome: { ...STOPPED, reason: cancelledError(context.run).message },
      mayBeLast: false,
    };
  }

  const over = new AbortController();
  const looking = watchForCancel(context, stop, over.signal);
  let outcome: StepOutcome;
  try {
    const status = (await state.look([id])).get(id)!;
    if (status.is === "waiting") throw notDue(context.run, id);
    if (status.is === "ended") outcome = status.outcome;
    else {
      await removeLeft(dirname(context.folder), context); // an earlier delivery may have been killed
      const executed = await executeStep(context, planned, status.inputs, {
        failed: status.failed.get(shard?.index ?? 0),
        state: status.state,
      });
      outcome = executed.outcome;
      if (executed.success !== undefined) state.settle(id, { outcome, success: executed.success });
    }
  } catch (error) {
    given?.throwIfAborted();
    if (!stop.signal.aborted) throw error;
    outcome = STOPPED;
  } finally {
    over.abort();
    await looking;
  }
  tell({ type: "step ended", step: id, ...outcome });
  // Of a run that is cancelled at this moment the next step sees it.
  if (stop.signal.aborted) await endStopped(run, { step: id, carry, signal: given });
  else if (carry !== undefined && (await state.look([id])).get(id)!.is === "ended") { // else other shards are under way
    await deliverDue(run, run.context.dependencies.after.get(id)!, carry);
    return { outcome, mayBeLast: true };
  }
  return { outcome, mayBeLast: false };
}

/** How long the others of a run that was cancelled have to end, and how often it is looked, milliseconds. */
const OTHERS_MS = { most: 30_000, every: 500 };

/** A run that was cancelled has ended when no other step is under way. */
async function endStopped(
  run: CarriedRun,
  { step, carry, signal }: { step: string; carry?: CarryOptions; signal?: AbortSignal },
): Promise<void> {
  if (carry === undefined) return;
  const { context: { run: id, system }, plan } = run;
  const rank = new Map(plan.record.steps.map((planned, index) => [planned.step, index]));
  const giveUpAt = system.monotonic() + OTHERS_MS.most;
  for (;;) {
    const others = (await carry.engine.list(id))
      .filter((job) => job.step !== step && (job.state === "running" || job.state === "waiting"));
    if (others.length === 0) return void await endRun(run, { stopped: STOPPED });
    // Steps that end at one moment see one another: the last in the order of the run waits, the others leave it to that.
    const isLast = others.every((job) =>
      job.state === "running" && (rank.get(job.step ?? "") ?? -1) < rank.get(step)!
    );
    if (!isLast || system.monotonic() > giveUpAt) return;
    await system.sleep(OTHERS_MS.every, signal);
  }
}

function noStep(run: string, step: string): RegistryError {
  return fault({
    code: "NotFound",
    action: "execute step",
    subject: shown(step),
    state: `run ${run} has no such step`,
    hint: `Its steps: holdfast cat ${run.replace("@", ":run@")} record.json`,
  });
}

function notDue(run: string, step: string): RegistryError {
  return fault({
    code: "Conflict",
    action: "execute step",
    subject: `${shown(step)} of run ${run}`,
    state: "steps before it have not ended",
    hint: "Leave it to whoever ends the last of them: it is handed over then.",
  });
}
