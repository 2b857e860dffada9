// A run that engines carry, as every process that has to do with it sees it.
import { dirname } from "@std/path";
import { fault, type RegistryError } from "../../../core/errors.ts";
import { shown } from "../../../core/naming/names.ts";
import type { Pipeline } from "../../contract/pipeline.ts";
import type { StepOutcome } from "../events.ts";
import { removeLeft } from "../left_folders.ts";
import { endOf } from "../outcomes.ts";
import { configurationDigest, type PipelinePlan } from "../plan.ts";
import type { FoundRecord } from "../records/files.ts";
import { parseRunId } from "../records/names.ts";
import { findRun, isCancelled, readResult, saveResult } from "../records/run_record.ts";
import type { RunResult } from "../records/run_record.ts";
import type { RunContext, RunnerOptions } from "../run_context.ts";
import { createTeller, runContext, type RunPipelineOptions } from "../run_pipeline.ts";
import { findDependencies } from "../sources.ts";
import { RunState } from "./run_state.ts";
import { type CarryOptions, deliver } from "./deliveries.ts";

/** What is given to whoever has to do with a run. */
export interface CarriedRunOptions
  extends RunnerOptions, Pick<RunPipelineOptions, "keep" | "logger" | "onEvent"> {
  /** The run: `my_pipeline@3`. */
  run: string;
}

export interface CarriedRun {
  context: RunContext;
  plan: FoundRecord<PipelinePlan>;
  state: RunState;
  underWay: number;
  /** When this process looked last whether it is to stop, by the monotonic clock, and it was not. */
  wentOnAt?: number;
}

/**
 * Reads a run that was planned.
 *
 * @throws {RegistryError} `NotFound` where there is no such run; `Conflict` where it was planned with another
 * configuration than this one: what is stored never says what is executed
 */
export async function findCarriedRun(
  pipeline: Pipeline,
  options: CarriedRunOptions,
): Promise<CarriedRun> {
  const { run, registry, signal } = options;
  if (parseRunId(run).pipeline !== pipeline.id) {
    throw fault({
      code: "Invalid",
      action: "take part in run",
      subject: shown(run),
      state: `this is the configuration of pipeline ${shown(pipeline.id)}`,
      hint: "Name the file of the run's own pipeline.",
    });
  }
  const plan = await findRun(registry, run, { signal });
  if (plan.record.configuration !== configurationDigest(pipeline)) throw otherConfiguration(run);
  const dependencies = findDependencies(pipeline);
  const tell = createTeller(options);
  const context: RunContext = {
    ...runContext(pipeline, run, options),
    dependencies,
    tell,
  };
  await removeLeft(dirname(context.folder), context);
  return { context, plan, state: new RunState(context, plan.record), underWay: 0 };
}

/** Hands over, for the first time, those of these steps that are due, and what waited for those that have ended. */
export async function deliverDue(
  run: CarriedRun,
  steps: Iterable<string>,
  carry: CarryOptions,
): Promise<void> {
  const { context, plan, state } = run;
  const planned = new Set(plan.record.steps.map(({ step }) => step));
  const seen = new Set<string>();
  for (let next = [...steps]; next.length > 0;) {
    const statuses = await state.look(next.filter((id) => planned.has(id)));
    next = [];
    await Promise.all([...statuses].map(async ([id, status]) => {
      seen.add(id);
      if (status.is === "due") await deliver(context, id, { ...carry, count: 1 });
      if (status.is === "ended") {
        next.push(...context.dependencies.after.get(id)!.filter((one) => !seen.has(one)));
      }
    }));
  }
}

/**
 * Says how a run ended, once all its steps have, or it was cancelled and no step is under way.
 *
 * @param stopped outcome of steps without an end, where there will be none
 * @returns undefined where it goes on
 */
export async function endRun(
  { context, plan, state }: CarriedRun,
  { stopped }: { stopped?: StepOutcome } = {},
): Promise<RunResult | undefined> {
  const { registry, run, system } = context;
  const ids = plan.record.steps.map(({ step }) => step);
  const steps: Record<string, StepOutcome> = {};
  // The last ones mostly end last: one that has not is found at once.
  for (const id of ids.toReversed()) {
    const status = (await state.look([id])).get(id)!;
    if (status.is !== "ended" && stopped === undefined) return undefined;
    steps[id] = status.is === "ended" ? status.outcome : stopped!;
  }
  const startedAt = plan.info.createdAt;
  const inOrder = Object.fromEntries(ids.map((id) => [id, steps[id]]));
  const result: RunResult = {
    kind: "result",
    run,
    end: endOf(steps),
    startedAt: startedAt.toISOString(),
    durationMs: Math.max(0, system.now() - startedAt.getTime()),
    steps: inOrder,
  };
  await saveResult(registry, result);
  return await readResult(registry, run) ?? result;
}

export const STOPPED: StepOutcome = {
  end: "cancelled",
  durationMs: 0,
  reason: "the run was stopped",
};

/** A look that found nothing counts for so long, milliseconds. */
const LOOKED_MS = 500;

/** Whether the run is to stop; a look that fails says nothing. */
export async function isToStop(carried: CarriedRun): Promise<boolean> {
  const { context: { registry, run, logger, system }, wentOnAt = -Infinity } = carried;
  const now = system.monotonic();
  if (now - wentOnAt < LOOKED_MS) return false;
  try {
    const isTo = await isCancelled(registry, run);
    if (!isTo) carried.wentOnAt = now;
    return isTo;
  } catch (error) {
    logger.debug(`cannot look whether the run is to stop: ${error}`);
    return false;
  }
}

function otherConfiguration(run: string): RegistryError {
  return fault({
    code: "Conflict",
    action: "take part in run",
    subject: shown(run),
    state: "it was planned with another configuration than this one",
    hint:
      "Give every worker the file and the --set values that the run began with, or run the pipeline anew.",
  });
}
