// Executes one step of a planned run, for engines.
import { conflict, eitherSignal, notFound, shown, unavailable } from "../../../core/kernel.ts";
import { type RegistryError, type Shard, valueAt } from "../../../core/kernel.ts";
import type { Pipeline } from "../../contract/pipeline.ts";
import { type RunEvent, type StepOutcome, STOPPED } from "../outcomes.ts";
import { checkRunnable } from "../begin_run.ts";
import { removeLeft } from "../left_folders.ts";
import { checkRunOptions, createEmit } from "../run_context.ts";
import { executeStep } from "../step/execute_step.ts";
import { cancelledError, watchForCancel } from "../records/run_record.ts";
import { endRun, findCarriedRun, isStopped } from "./carried_run.ts";
import type { CarriedRun, CarriedRunOptions } from "./carried_run.ts";
import type { CarryOptions } from "./run_options.ts";
import { isLastJob, submitNext, untilAnswered } from "./next_steps.ts";
import { pipelineReasons } from "../../contract/reasons.ts";

/** Options of {@linkcode runStep}. */
export interface RunStepOptions extends CarriedRunOptions {
  step: string;
  shard?: Shard;
  /** Submits dependent steps when their inputs are ready. @default they are not submitted */
  carry?: CarryOptions;
}

/**
 * Executes one step of a planned run, with the inputs of that run, unless it is done. Submits the
 * steps that waited for it, and saves the result of the run after the last step. It may be called
 * several times, also concurrently: the step's outputs are saved once.
 *
 * @throws {RegistryError} `NotFound` for an unknown run or step; `Conflict` if the run was planned
 * with another configuration, or upstream steps have not ended; any error that prevents recording
 * the step's end. A failure of the step is an outcome.
 */
export async function runStep(pipeline: Pipeline, options: RunStepOptions): Promise<StepOutcome> {
  options = checkRunOptions("execute a step", options, ["run", "step"]);
  return await runStepOf(await findCarriedRun(pipeline, options), options);
}

export async function runStepOf(run: CarriedRun, options: StepOfRun): Promise<StepOutcome> {
  run.running++;
  let done: Awaited<ReturnType<typeof executeAndDeliver>>;
  try {
    done = await executeAndDeliver(run, options);
  } finally {
    run.running--;
  }
  // If others are running here, the last of them checks for the end of the run.
  if (done.mayBeLast && run.running === 0) {
    const { step, carry, signal } = options;
    const result = await untilAnswered(run, () => endRun(run), { signal });
    const isLeft = result === undefined && carry !== undefined && !carry.engine.redelivers;
    if (isLeft && await isLastJob(run, step, { carry, signal })) {
      // A full engine has refused them when another step ended.
      await submitNext(run, step, { carry, signal, steps: run.state.frontier.open });
    }
  }
  return done.outcome;
}

type StepOfRun = Omit<RunStepOptions, keyof CarriedRunOptions> & {
  signal?: AbortSignal;
  onEvent?: (event: RunEvent) => void;
};

async function executeAndDeliver(
  run: CarriedRun,
  { step: id, shard, carry, signal: callerSignal, onEvent }: StepOfRun,
): Promise<{ outcome: StepOutcome; mayBeLast: boolean }> {
  const { plan, state } = run;
  const planned = plan.record.steps.find(({ step }) => step === id);
  if (planned === undefined) {
    throw notFound("execute step", shown(id), `run ${run.context.run} has no such step`, {
      hint: `List its steps: (await readRun(registry, ${shown(run.context.run)})).steps.`,
      reason: pipelineReasons.of("run_step_missing", { run: run.context.run }),
    });
  }
  checkRunnable([valueAt(run.context.dependencies.steps, id)]);
  const stop = new AbortController();
  const signal = eitherSignal(stop.signal, callerSignal);
  const emit = createEmit({ onEvent, logger: run.context.logger });
  const context = { ...run.context, signal, emit, ...(shard === undefined ? {} : { shard }) };
  if (await isStopped(run)) {
    await endStopped(run, { step: id, carry, signal: callerSignal });
    const outcome = { ...STOPPED, reason: cancelledError(context.run).message };
    return { outcome, mayBeLast: false };
  }

  const over = new AbortController();
  const watching = watchForCancel(context, stop, over.signal);
  let outcome: StepOutcome;
  try {
    const due = (await state.update([id])).get(id);
    const ended = state.frontier.outcomeOf(id);
    if (ended !== undefined) outcome = ended;
    else if (due === undefined) {
      const subject = `${shown(id)} of run ${context.run}`;
      const hint = "Wait: the step is submitted when its last upstream step ends.";
      throw conflict("execute step", subject, "upstream steps have not ended", { hint });
    } else {
      // An earlier delivery may have been killed.
      await removeLeft(context);
      const executed = await executeStep(context, planned, due.inputs, {
        failed: due.failed.get(shard?.index ?? 0),
        state: due.state,
      });
      outcome = executed.outcome;
      if (executed.success !== undefined) state.frontier.end(id, executed);
    }
  } catch (error) {
    callerSignal?.throwIfAborted();
    if (!stop.signal.aborted) throw error;
    outcome = STOPPED;
  } finally {
    over.abort();
    await watching;
  }
  emit({ type: "step ended", step: id, ...outcome });
  // If the run is cancelled only now, the next step detects it.
  if (stop.signal.aborted) {
    await endStopped(run, { step: id, carry, signal: callerSignal });
    return { outcome, mayBeLast: false };
  }
  if (carry === undefined) {
    await state.update([id]);
    return { outcome, mayBeLast: false };
  }
  await untilAnswered(run, () => state.update([id]), { signal: callerSignal });
  if (state.frontier.outcomeOf(id) === undefined) {
    if (outcome.end === "failed") throw notRecorded(id, outcome);
    return { outcome, mayBeLast: false }; // other shards are running
  }
  // If it returns false, a step that waited for this one is running.
  const mayBeLast = await submitNext(run, id, { carry, signal: callerSignal });
  return { outcome, mayBeLast };
}

/** Nothing else continues the run: the step must be delivered again. */
function notRecorded(step: string, { reason }: StepOutcome): RegistryError {
  return unavailable("record failed step", shown(step), `${reason}`, {
    hint: "Execute the step again: what it has saved is not repeated.",
  });
}

/** Time for other steps of a cancelled run to end, and interval of checks, milliseconds. */
const OTHERS_MS = { most: 30_000, every: 500 };

/** Ends a cancelled run when no other step is running. */
async function endStopped(
  run: CarriedRun,
  { step, carry, signal }: { step: string; carry?: CarryOptions; signal?: AbortSignal },
): Promise<void> {
  if (carry === undefined) return;
  const { context: { run: id, system }, plan } = run;
  const rank = new Map(plan.record.steps.map((planned, index) => [planned.step, index]));
  const giveUpAt = system.monotonic() + OTHERS_MS.most;
  for (;;) {
    const others = (await untilAnswered(run, () => carry.engine.list(id), { signal }))
      .filter((job) => job.step !== step && (job.state === "running" || job.state === "waiting"));
    if (others.length === 0) {
      return void await untilAnswered(run, () => endRun(run, { stopped: true }), { signal });
    }
    // Of steps that end together, the last in the order of the run waits, and the others return.
    const isLast = others.every((job) =>
      job.state === "running" && (rank.get(job.step ?? "") ?? -1) < valueAt(rank, step)
    );
    if (!isLast || system.monotonic() > giveUpAt) return;
    await system.sleep(OTHERS_MS.every, signal);
  }
}
