// A run on an engine, as each of its processes sees it.
import type { ErrorCode } from "../../../mod.ts";
import { type Fault, fault, sha256, shown, valueAt } from "../../../core/kernel.ts";
import type { Pipeline, PipelineStep } from "../../contract/pipeline.ts";
import { endOf } from "../outcomes.ts";
import { removeLeft } from "../left_folders.ts";
import { configurationDigest, type PipelinePlan } from "../plan.ts";
import type { FoundRecord, StepRecord } from "../records/files.ts";
import { parseRunId } from "../records/names.ts";
import { findRun, isCancelled, readResult, saveResult } from "../records/run_record.ts";
import type { RunResult } from "../records/run_record.ts";
import { createRunContext, type RunContext, type RunnerOptions } from "../run_context.ts";
import type { CarryOptions, RunPipelineOptions } from "./run_options.ts";
import { longestFirst } from "../sources.ts";
import { type DueStep, RunState } from "./run_state.ts";
import type { EngineStep } from "../../contract/engine.ts";
import { pipelineReasons } from "../../contract/reasons.ts";

/** Options of functions for one run. */
export interface CarriedRunOptions
  extends RunnerOptions, Pick<RunPipelineOptions, "keep" | "logger" | "onEvent"> {
  /** `my_pipeline@3` */
  run: string;
}

export interface CarriedRun {
  context: RunContext;
  plan: FoundRecord<PipelinePlan>;
  state: RunState;
  /** Steps that run in this process. */
  running: number;
  /** When this process last checked that the run should continue, by the monotonic clock. */
  checkedAt?: number;
}

/**
 * Reads a planned run.
 *
 * @throws {RegistryError} `NotFound` if it does not exist; `Conflict` if it was planned with
 * another configuration: stored data never decides what is executed
 */
export async function findCarriedRun(
  pipeline: Pipeline,
  options: CarriedRunOptions,
  successes?: Map<string, FoundRecord<StepRecord>>,
): Promise<CarriedRun> {
  const { run, registry, signal } = options;
  const refused = (code: ErrorCode, state: string, hint: string, reason?: Fault["reason"]) =>
    fault({ code, action: "join run", subject: shown(run), state, hint, reason });
  if (parseRunId(run).pipeline !== pipeline.id) {
    const state = `this is the configuration of pipeline ${shown(pipeline.id)}`;
    throw refused("Invalid", state, "Use the file of the run's pipeline.");
  }
  const plan = await findRun(registry, run, { signal });
  if (plan.record.configuration !== configurationDigest(pipeline)) {
    throw refused(
      "Conflict",
      "it was planned with another configuration",
      "Pass every worker the pipeline and the overrides of the run, or start a new run.",
      pipelineReasons.of("run_configuration"),
    );
  }
  const ids = new Set(pipeline.steps.map(({ id }) => id));
  const foreign = plan.record.steps.find(({ step }) => !ids.delete(step));
  if (foreign !== undefined) {
    const state = `its plan has the step ${shown(foreign.step)}, which its pipeline does not have`;
    throw refused("Corrupt", state, "Start a new run.");
  }
  const context = createRunContext(pipeline, run, { ...options, signal });
  await removeLeft(context);
  return { context, plan, state: new RunState(context, plan.record, successes), running: 0 };
}

/**
 * Reads the states of steps and, after each that has ended, of those that waited for it. Calls
 * `begin` for due steps: it returns a falsy value if the step has ended instead. Returns whether
 * all of them have ended.
 */
export async function advance(
  { context: { dependencies }, state }: CarriedRun,
  steps: Iterable<string>,
  begin: (id: string, due: DueStep) => Promise<unknown>,
): Promise<boolean> {
  const { frontier } = state;
  const visited = new Set<string>();
  let ended = true;
  for (let next = [...steps]; next.length > 0;) {
    const planned = new Set(next.filter((id) => frontier.planned.has(id)));
    const now = longestFirst([...planned], dependencies);
    const due = await state.update(now);
    for (const id of now) visited.add(id);
    const over = now.filter((id) => frontier.outcomeOf(id) !== undefined);
    ended &&= over.length === now.length;
    next = over.flatMap((id) => valueAt(dependencies.after, id))
      .filter((id) => !visited.has(id) || frontier.isReady(id));
    const begun = await Promise.allSettled([...due].map(async ([id, step]) => {
      if (!await begin(id, step)) next.push(id);
    }));
    const refused = begun.find((one) => one.status === "rejected");
    if (refused !== undefined) throw refused.reason; // when the others have begun
  }
  return ended;
}

/** Returns the result of a run when all steps have ended, or it is `stopped`; undefined before. */
export async function endRun(
  { context, plan, state }: CarriedRun,
  { stopped = false } = {},
): Promise<RunResult | undefined> {
  const { registry, run, system } = context;
  // Later steps mostly end last, so one that has not ended is found soon.
  for (const { step } of plan.record.steps.toReversed()) {
    await state.update([step]);
    if (state.frontier.outcomeOf(step) === undefined && !stopped) return undefined;
  }
  const startedAt = plan.info.createdAt;
  const steps = state.frontier.close();
  const result: RunResult = {
    kind: "result",
    run,
    end: endOf(steps),
    startedAt: startedAt.toISOString(),
    durationMs: Math.max(0, system.now() - startedAt.getTime()),
    steps,
  };
  await saveResult(registry, result, context.pipeline.steps);
  return await readResult(registry, run) ?? result;
}

/** Interval of updates, milliseconds: it grows while nothing changes. */
export const WAIT_MS = { first: 50, most: 2_000 };

/** Validity of a check for cancellation, milliseconds. */
const CHECKED_MS = 500;

/** Returns whether the run is cancelled; false if that check fails. */
export async function isStopped(carried: CarriedRun): Promise<boolean> {
  const { context: { registry, run, logger, system }, checkedAt = -Infinity } = carried;
  const now = system.monotonic();
  if (now - checkedAt < CHECKED_MS) return false;
  try {
    const stopped = await isCancelled(registry, run);
    if (!stopped) carried.checkedAt = now;
    return stopped;
  } catch (error) {
    logger.debug(`cannot check whether the run is cancelled: ${error}`);
    return false;
  }
}

/** Time for fetching inputs and saving outputs, beside the operator's own, milliseconds. */
const MORE_MS = 10 * 60_000;

/** Deliveries beside the attempts of a step: killed processes are mostly not its fault. */
const MORE_DELIVERIES = 2;

export function mostDeliveries({ retries }: PipelineStep): number {
  return retries.attempts + MORE_DELIVERIES;
}

/** Returns the name of a delivery, the same for all processes, and unique to a registry. */
function deliveryName(
  registry: string,
  { run, step }: { run: string; step: string },
  count: number,
): string {
  const words = `${run}-${step}`.toLowerCase().replace(/[^a-z0-9]+/g, "-").slice(0, 60);
  return `${words}-${sha256(JSON.stringify([registry, run, step])).slice(0, 16)}-${count}`;
}

/** Submits a step and returns the id of its job. The same `count` again has no effect. */
export async function deliver(
  { pipeline, dependencies, registry, run }: RunContext,
  id: string,
  { engine, commandFor, count }: CarryOptions & { count: number },
): Promise<string> {
  const step = valueAt(dependencies.steps, id);
  const node = pipeline.nodes.find((one) => one.id === step.node);
  const { env = {}, ...command } = commandFor?.({ run, step: id }) ?? { command: [], cwd: "/" };
  const delivery: EngineStep = {
    run,
    step: id,
    name: deliveryName(registry.id, { run, step: id }, count),
    ...command,
    env,
    resources: step.resources,
    shards: step.shards,
    ...(node === undefined ? {} : { node: { id: node.id, runnerCount: node.runnerCount } }),
    ...(step.timeoutMs === undefined ? {} : { timeoutMs: wholeTimeMs(step) }),
  };
  return await engine.submit(delivery);
}

/** Returns the time limit of all attempts of a step together. */
function wholeTimeMs({ timeoutMs = 0, retries: { attempts, backoffMs } }: PipelineStep): number {
  return attempts * timeoutMs + backoffMs * (2 ** (attempts - 1) - 1) + MORE_MS;
}
