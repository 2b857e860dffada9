// Executing one step of a run: the one way that all go, whoever calls.
import { join } from "@std/path";
import { messageOf } from "../../../core/errors.ts";
import type { FileSource, FileToSave } from "../../../core/materializer.ts";
import { encodeName, shown } from "../../../core/naming/names.ts";
import { EXIT_CODES, type ExitCode } from "../../contract/operator.ts";
import type { PipelineStep } from "../../contract/pipeline.ts";
import { exitCodeOf, exitNameOf } from "../../exit_codes.ts";
import type { RunEvent, StepOutcome } from "../events.ts";
import { codeOf, countedParams } from "../fingerprint.ts";
import { failedOutcome, outcomeOf, told } from "../outcomes.ts";
import { noteStep } from "../left_folders.ts";
import type { PinnedInput } from "../pin_inputs.ts";
import { operatorVersion, type PlannedStep } from "../plan.ts";
import type { FoundRecord } from "../records/files.ts";
import { saveFailure } from "../records/failures.ts";
import type { FailureRecord, StepFacts, StepRecord } from "../records/step_record.ts";
import type { RunContext } from "../run_context.ts";
import { createMask, reveal } from "../secrets.ts";
import { checkShard, endShared, ShardGroup } from "../shards/end_shared.ts";
import { openSharedStep, type SharedStep } from "../shards/shared_step.ts";
import { lineageOf } from "./lineage.ts";
import { findOutputs, publishOutputs, specialFilesOf } from "./publish_outputs.ts";
import { type AttemptEnd, runAttempt } from "./run_attempt.ts";
import { checkUnchanged, stageInputs } from "./stage_inputs.ts";
import { makeStepFolder, removeStepFolder, stepFolder } from "./step_folder.ts";
import { StepLog } from "./step_log.ts";
import { addSuccess, findSuccess, metadataOf, type StepState } from "./success.ts";

export interface ExecutedStep {
  outcome: StepOutcome;
  success?: FoundRecord<StepRecord>;
}

/** Options of {@linkcode executeStep}. */
export interface ExecuteOptions {
  /** How often it failed in this run before, as where its process was killed between two attempts. @default 0 */
  failed?: number;
  /** What was found of it a moment ago. @default it is looked for */
  state?: StepState;
}

/**
 * Executes a step whose inputs are there, unless it has been done, or would do what it did the last time. What it
 * writes, and that it was done, is kept once however often it is called: by a second delivery, or after a kill.
 *
 * Failures of the step are outcomes. Only what keeps its end from being recorded is thrown, and the reason of an abort.
 */
export async function executeStep(
  context: RunContext,
  planned: PlannedStep,
  inputs: Record<string, PinnedInput>,
  { failed = 0, state: known }: ExecuteOptions = {},
): Promise<ExecutedStep> {
  const { dependencies, system, signal } = context;
  const step = dependencies.steps.get(planned.step)!;
  const startedAt = system.monotonic();
  const took = () => Math.round(system.monotonic() - startedAt);
  const notBegun = (error: unknown): ExecutedStep => {
    signal.throwIfAborted();
    return { outcome: { ...failedOutcome(error, context.secrets), durationMs: took() } };
  };
  if (step.shards > 1 && context.shard === undefined) {
    return await executeShards(context, planned, inputs, { failed });
  }
  let state: StepState;
  let shared: SharedStep | undefined;
  try {
    checkShard(step, context);
    state = known ?? await findState();
  } catch (error) {
    return notBegun(error);
  }
  if (state.done !== undefined) {
    const reason = state.done.record.effect === state.effect ? "done already" : "nothing changed";
    return {
      success: state.done,
      outcome: { ...outcomeOf(state.done), end: "skipped", durationMs: took(), reason },
    };
  }
  if (step.shards > 1) {
    try {
      const forced = planned.reasons.includes("forced");
      shared = await openSharedStep(context, step, { effect: state.effect, forced });
      if (shared.done.has(context.shard!.index)) return await endDone(shared);
    } catch (error) {
      return notBegun(error);
    }
  }
  const { retries } = step;
  for (let attempt = failed + 1;; attempt++) {
    const end = await tryStep(context, step, { state, inputs, attempt, shared });
    if ("success" in end) return ended(end.success, attempt);
    const { exitCode, exit, reason: message } = end;
    if (!isTriedAgain(step, { attempt, exitCode })) {
      return { outcome: { end: "failed", durationMs: took(), attempts: attempt, ...end } };
    }
    const inMs = Math.round(retries.backoffMs * 2 ** (attempt - 1) * (0.5 + system.random() / 2));
    context.tell({ type: "step retried", ...labelOf(context, step), attempt, exit, inMs, message });
    await system.sleep(inMs, signal);
  }

  async function findState(): Promise<StepState> {
    const code = codeOf(step, {
      operatorVersion: await operatorVersion(step, context),
      files: planned.files,
    });
    return await findSuccess(step, planned, { inputs, params: countedParams(step), code }, context);
  }

  function ended(success: FoundRecord<StepRecord> | undefined, attempts: number): ExecutedStep {
    const outcome = {
      end: "ran" as const,
      durationMs: took(),
      attempts,
      exitCode: EXIT_CODES.ok,
      exit: "ok" as const,
    };
    return success === undefined
      ? { outcome }
      : { success, outcome: { ...outcomeOf(success), ...outcome } };
  }

  /** This shard is done; whoever did the last one may have been killed before it said so. */
  async function endDone(shared: SharedStep): Promise<ExecutedStep> {
    const facts = factsOf(context, step, {
      state,
      attempt: failed + 1,
      startedAt: new Date(system.now()).toISOString(),
      durationMs: took(),
    });
    const success = await endShared(context, shared, { state, inputs, facts });
    if (success !== undefined) return ended(success, failed);
    return { outcome: { end: "skipped", durationMs: took(), reason: "done already" } };
  }
}

async function executeShards(
  context: RunContext,
  planned: PlannedStep,
  inputs: Record<string, PinnedInput>,
  options: ExecuteOptions,
): Promise<ExecutedStep> {
  const { shards: count } = context.dependencies.steps.get(planned.step)!;
  const group = new ShardGroup(count, context.system);
  for (let index = 0;; index++) {
    const shard = { index, count };
    const executed = group.failed
      ? undefined
      : await executeStep({ ...context, shard }, planned, inputs, options);
    const whole = group.end(executed);
    if (whole !== undefined) return whole;
  }
}

function labelOf(
  { shard }: RunContext,
  { id: step }: PipelineStep,
): Pick<RunEvent & { type: "log" }, "step" | "shard"> {
  return shard === undefined ? { step } : { step, shard };
}

function factsOf(
  { run }: RunContext,
  step: PipelineStep,
  { state, ...more }: Pick<StepFacts, "attempt" | "startedAt" | "durationMs"> & {
    state: StepState;
  },
): StepFacts {
  return {
    run,
    step: step.id,
    node: step.node,
    operator: step.operator,
    fingerprint: state.fingerprint,
    effect: state.effect,
    ...more,
    ...(step.git === undefined ? {} : { git: step.git }),
  };
}

function isTriedAgain(
  { retries }: PipelineStep,
  { attempt, exitCode }: { attempt: number; exitCode: ExitCode },
): boolean {
  return attempt < retries.attempts && retries.exitCodes.includes(exitCode);
}

interface Attempt {
  state: StepState;
  inputs: Record<string, PinnedInput>;
  attempt: number;
  shared?: SharedStep;
}

type FailedAttempt =
  & Required<Pick<StepOutcome, "exitCode" | "exit" | "reason">>
  & Pick<StepOutcome, "hint" | "record">;

async function tryStep(
  context: RunContext,
  step: PipelineStep,
  { state, inputs, attempt, shared }: Attempt,
): Promise<{ success: FoundRecord<StepRecord> | undefined } | FailedAttempt> {
  const { system, signal, keep } = context;
  // Two deliveries of a step may be here at once: each has a folder of its own.
  const owner = keep ? "" : `-${context.owner}`;
  const folder = join(context.folder, `${encodeName(step.id)}-${system.id().slice(-8)}${owner}`);
  const place = stepFolder(folder);
  const [inputRoot, outputRoot, workspaceRoot] = place.parts;
  const startedAt = new Date(system.now()).toISOString();
  const startedAtMs = system.monotonic();
  const secrets = [...context.secrets.values];
  let { mask } = context.secrets;
  const log = new StepLog({
    path: join(folder, "log.txt"),
    mask: (text) => mask(text),
    onLine: (level, line) => context.tell({ type: "log", ...labelOf(context, step), level, line }),
    system,
  });
  context.tell({ type: "step started", ...labelOf(context, step), attempt, folder });
  const facts = () =>
    factsOf(context, step, {
      state,
      attempt,
      startedAt,
      durationMs: Math.round(system.monotonic() - startedAtMs),
    });

  try {
    makeStepFolder(place);
    const note = noteStep(folder, system);
    const params = reveal(step.params, system);
    const env = reveal(step.env, system);
    secrets.push(...params.secrets, ...env.secrets);
    mask = createMask(secrets);
    const staged = await stageInputs(inputs, inputRoot, context);
    const roots = { inputRoot: staged, outputRoot, workspaceRoot };
    const end = await runAttempt(context, step, {
      roots,
      note,
      log,
      secrets,
      params: params.value,
      env: env.value as Record<string, string>, // what names a variable has its value now
    });
    signal.throwIfAborted();
    if (end.exitCode !== EXIT_CODES.ok) return await fail(end);
    await checkUnchanged(inputs, context);
    const usage = end.usage === undefined ? {} : { usage: end.usage };
    const written = findOutputs(step, context, { outputRoot, isShard: shared !== undefined });
    for (const path of specialFilesOf(written)) {
      log.write("warn", `not saved: ${shown(path)} is a pipe, a socket or a device`);
    }
    if (shared !== undefined) {
      log.close();
      const { durationMs } = facts();
      await shared.add({
        attempt,
        startedAt,
        durationMs,
        ...usage,
        outputs: written,
        beside: filesOf(besides(log)),
      });
      return { success: await endShared(context, shared, { state, inputs, facts: facts() }) };
    }
    const lineage = await lineageOf(inputs, context, { step: step.id, effect: state.effect });
    const metadata = metadataOf(facts());
    const outputs = await publishOutputs(written, context, {
      effect: state.effect,
      inputs: lineage,
      metadata,
      before: state.last?.record.outputs ?? {},
    });
    log.close();
    const record: StepRecord = { kind: "step", ...facts(), outputs, ...usage };
    return {
      success: await addSuccess(record, state.last, context, {
        inputs: lineage,
        beside: besides(log),
      }),
    };
  } catch (error) {
    signal.throwIfAborted();
    return await fail({ exitCode: exitCodeOf(error), error });
  } finally {
    log.close();
    if (!keep) removeStepFolder(place, context.logger);
  }

  async function fail(
    { exitCode, error, usage }: Pick<AttemptEnd, "exitCode" | "error" | "usage">,
  ): Promise<FailedAttempt> {
    const exit = exitNameOf(exitCode);
    const { reason, hint, code } = told(error ?? `it ended with code ${exitCode} (${exit})`);
    const message = mask(reason);
    const masked = hint === undefined ? {} : { hint: mask(hint) };
    const ended = { exitCode, exit, reason: message, ...masked };
    log.write("error", message);
    log.close();
    const record: FailureRecord = {
      kind: "failure",
      ...facts(),
      exitCode,
      exit,
      again: isTriedAgain(step, { attempt, exitCode }),
      error: { message, ...(code === undefined ? {} : { code }), ...masked },
      ...(usage === undefined ? {} : { usage }),
    };
    const { registry, shard } = context;
    const options = { metadata: metadataOf(record), beside: besides(log), signal, shard };
    try {
      return { ...ended, record: await saveFailure(registry, record, options) };
    } catch (cause) { // a full disk takes no record either: the outcome is told all the same
      signal.throwIfAborted();
      context.logger.warn(
        `Cannot keep the record of a failure of step "${step.id}": ${messageOf(cause)}`,
      );
      return ended;
    }
  }
}

function besides(log: StepLog): Record<string, FileSource> {
  return log.isEmpty ? {} : { "log.txt": log.source() };
}

function filesOf(beside: Record<string, FileSource>): FileToSave[] {
  return Object.entries(beside).map(([path, content]) => ({ path, content }));
}
