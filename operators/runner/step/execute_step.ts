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
import { failedOutcome, outcomeOf, skippedOutcome, told } from "../outcomes.ts";
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
import { makeStepFolder, removeStepFolder, type StepFolder, stepFolder } from "./step_folder.ts";
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
  options: ExecuteOptions = {},
): Promise<ExecutedStep> {
  const { shards } = context.dependencies.steps.get(planned.step)!;
  return shards > 1 && context.shard === undefined
    ? await executeShards(context, planned, inputs, options)
    : await new StepExecution(context, planned, inputs, options).run();
}

/** The execution of a step, or of one shard: as many attempts as it may have. */
class StepExecution {
  readonly #context: RunContext;
  readonly #planned: PlannedStep;
  readonly #step: PipelineStep;
  readonly #inputs: Record<string, PinnedInput>;
  readonly #failed: number;
  readonly #known?: StepState;
  readonly #startedAt: number;

  constructor(
    context: RunContext,
    planned: PlannedStep,
    inputs: Record<string, PinnedInput>,
    { failed = 0, state }: ExecuteOptions,
  ) {
    this.#context = context;
    this.#planned = planned;
    this.#step = context.dependencies.steps.get(planned.step)!;
    this.#inputs = inputs;
    this.#failed = failed;
    this.#known = state;
    this.#startedAt = context.system.monotonic();
  }

  async run(): Promise<ExecutedStep> {
    const [context, step] = [this.#context, this.#step];
    let state: StepState;
    let shared: SharedStep | undefined;
    try {
      checkShard(step, context);
      state = this.#known ?? await this.#findState();
      const { done, effect } = state;
      if (done !== undefined) {
        return {
          success: done,
          outcome: { ...skippedOutcome(done, effect), durationMs: this.#took() },
        };
      }
      if (step.shards > 1) {
        const forced = this.#planned.reasons.includes("forced");
        shared = await openSharedStep(context, step, { effect, forced });
        if (shared.done.has(context.shard!.index)) return await this.#endDone(shared, state);
      }
    } catch (error) {
      context.signal.throwIfAborted();
      return { outcome: { ...failedOutcome(error, context.secrets), durationMs: this.#took() } };
    }
    for (let attempt = this.#failed + 1;; attempt++) {
      const given = { state, inputs: this.#inputs, attempt, shared };
      const end = await new Attempt(context, step, given).run();
      if ("success" in end) return this.#ended(end.success, attempt);
      if (!isTriedAgain(step, { attempt, exitCode: end.exitCode })) {
        return { outcome: { end: "failed", durationMs: this.#took(), attempts: attempt, ...end } };
      }
      await this.#waitAfter(end, attempt);
    }
  }

  #took(): number {
    return Math.round(this.#context.system.monotonic() - this.#startedAt);
  }

  async #findState(): Promise<StepState> {
    const [context, step, inputs] = [this.#context, this.#step, this.#inputs];
    const code = codeOf(step, {
      operatorVersion: await operatorVersion(step, context),
      files: this.#planned.files,
    });
    const present = { inputs, params: countedParams(step), code };
    return await findSuccess(step, this.#planned, present, context);
  }

  async #waitAfter({ exit, reason: message }: FailedAttempt, attempt: number): Promise<void> {
    const { system, signal, tell } = this.#context;
    const { backoffMs } = this.#step.retries;
    const inMs = Math.round(backoffMs * 2 ** (attempt - 1) * (0.5 + system.random() / 2));
    const label = labelOf(this.#context, this.#step);
    tell({ type: "step retried", ...label, attempt, exit, inMs, message });
    await system.sleep(inMs, signal);
  }

  #ended(success: FoundRecord<StepRecord> | undefined, attempts: number): ExecutedStep {
    const outcome = {
      ...{ end: "ran" as const, durationMs: this.#took(), attempts },
      ...{ exitCode: EXIT_CODES.ok, exit: "ok" as const },
    };
    if (success === undefined) return { outcome };
    return { success, outcome: { ...outcomeOf(success), ...outcome } };
  }

  /** This shard is done; whoever did the last one may have been killed before it said so. */
  async #endDone(shared: SharedStep, state: StepState): Promise<ExecutedStep> {
    const context = this.#context;
    const facts = factsOf(context, this.#step, {
      state,
      attempt: this.#failed + 1,
      startedAt: new Date(context.system.now()).toISOString(),
      durationMs: this.#took(),
    });
    const success = await endShared(context, shared, { state, inputs: this.#inputs, facts });
    if (success !== undefined) return this.#ended(success, this.#failed);
    return { outcome: { end: "skipped", durationMs: this.#took(), reason: "done already" } };
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

interface AttemptOptions {
  state: StepState;
  inputs: Record<string, PinnedInput>;
  attempt: number;
  shared?: SharedStep;
}

type FailedAttempt =
  & Required<Pick<StepOutcome, "exitCode" | "exit" | "reason">>
  & Pick<StepOutcome, "hint" | "record">;

/** One attempt of a step: its folder, its log, and what it leaves in the registry. */
class Attempt {
  readonly #context: RunContext;
  readonly #step: PipelineStep;
  readonly #options: AttemptOptions;
  readonly #folder: string;
  readonly #log: StepLog;
  readonly #startedAt: string;
  readonly #startedAtMs: number;
  #mask: (text: string) => string;

  constructor(context: RunContext, step: PipelineStep, options: AttemptOptions) {
    const { system, keep } = context;
    this.#context = context;
    this.#step = step;
    this.#options = options;
    this.#mask = context.secrets.mask;
    // Two deliveries of a step may be here at once: each has a folder of its own.
    const owner = keep ? "" : `-${context.owner}`;
    const name = `${encodeName(step.id)}-${system.id().slice(-8)}${owner}`;
    this.#folder = join(context.folder, name);
    this.#startedAt = new Date(system.now()).toISOString();
    this.#startedAtMs = system.monotonic();
    const label = labelOf(context, step);
    this.#log = new StepLog({
      path: join(this.#folder, "log.txt"),
      mask: (text) => this.#mask(text),
      onLine: (level, line) => context.tell({ type: "log", ...label, level, line }),
      system,
    });
  }

  async run(): Promise<{ success: FoundRecord<StepRecord> | undefined } | FailedAttempt> {
    const { signal, keep, logger, tell } = this.#context;
    const { attempt, inputs } = this.#options;
    const folder = this.#folder;
    const place = stepFolder(folder);
    tell({ type: "step started", ...labelOf(this.#context, this.#step), attempt, folder });
    try {
      const end = await this.#execute(place);
      signal.throwIfAborted();
      if (end.exitCode !== EXIT_CODES.ok) return await this.#fail(end);
      await checkUnchanged(inputs, this.#context);
      return { success: await this.#save(place.parts[1], end) };
    } catch (error) {
      signal.throwIfAborted();
      return await this.#fail({ exitCode: exitCodeOf(error), error });
    } finally {
      this.#log.close();
      if (!keep) removeStepFolder(place, logger);
    }
  }

  #facts(): StepFacts {
    const { state, attempt } = this.#options;
    const durationMs = Math.round(this.#context.system.monotonic() - this.#startedAtMs);
    const startedAt = this.#startedAt;
    return factsOf(this.#context, this.#step, { state, attempt, startedAt, durationMs });
  }

  async #execute(place: StepFolder): Promise<AttemptEnd> {
    const [context, step] = [this.#context, this.#step];
    const { system } = context;
    const [inputRoot, outputRoot, workspaceRoot] = place.parts;
    makeStepFolder(place);
    const note = noteStep(this.#folder, system);
    const params = reveal(step.params, system);
    const env = reveal(step.env, system);
    const secrets = [...context.secrets.values, ...params.secrets, ...env.secrets];
    this.#mask = createMask(secrets);
    const staged = await stageInputs(this.#options.inputs, inputRoot, context);
    return await runAttempt(context, step, {
      roots: { inputRoot: staged, outputRoot, workspaceRoot },
      note,
      log: this.#log,
      secrets,
      params: params.value,
      env: env.value as Record<string, string>, // what names a variable has its value now
    });
  }

  /** Saves what it wrote, and that it was done: undefined where other shards are not. */
  async #save(
    outputRoot: string,
    end: AttemptEnd,
  ): Promise<FoundRecord<StepRecord> | undefined> {
    const [context, step, log] = [this.#context, this.#step, this.#log];
    const { state, inputs, attempt, shared } = this.#options;
    const usage = end.usage === undefined ? {} : { usage: end.usage };
    const written = findOutputs(step, context, { outputRoot, isShard: shared !== undefined });
    for (const path of specialFilesOf(written)) {
      log.write("warn", `not saved: ${shown(path)} is a pipe, a socket or a device`);
    }
    if (shared !== undefined) {
      log.close();
      const { startedAt, durationMs } = this.#facts();
      const beside = filesOf(besides(log));
      await shared.add({ attempt, startedAt, durationMs, ...usage, outputs: written, beside });
      return await endShared(context, shared, { state, inputs, facts: this.#facts() });
    }
    const lineage = await lineageOf(inputs, context, { step: step.id, effect: state.effect });
    const outputs = await publishOutputs(written, context, {
      effect: state.effect,
      inputs: lineage,
      metadata: metadataOf(this.#facts()),
      before: state.last?.record.outputs ?? {},
    });
    log.close();
    const record: StepRecord = { kind: "step", ...this.#facts(), outputs, ...usage };
    const options = { inputs: lineage, beside: besides(log) };
    return await addSuccess(record, state.last, context, options);
  }

  async #fail(
    { exitCode, error, usage }: Pick<AttemptEnd, "exitCode" | "error" | "usage">,
  ): Promise<FailedAttempt> {
    const [step, log] = [this.#step, this.#log];
    const exit = exitNameOf(exitCode);
    const { reason, hint, code } = told(error ?? `it ended with code ${exitCode} (${exit})`);
    const message = this.#mask(reason);
    const masked = hint === undefined ? {} : { hint: this.#mask(hint) };
    const ended = { exitCode, exit, reason: message, ...masked };
    log.write("error", message);
    log.close();
    const record: FailureRecord = {
      kind: "failure",
      ...this.#facts(),
      exitCode,
      exit,
      again: isTriedAgain(step, { attempt: this.#options.attempt, exitCode }),
      error: { message, ...(code === undefined ? {} : { code }), ...masked },
      ...(usage === undefined ? {} : { usage }),
    };
    const { registry, shard, signal, logger } = this.#context;
    const options = { metadata: metadataOf(record), beside: besides(log), signal, shard };
    try {
      return { ...ended, record: await saveFailure(registry, record, options) };
    } catch (cause) { // a full disk takes no record either: the outcome is told all the same
      signal.throwIfAborted();
      logger.warn(`Cannot keep the record of a failure of step "${step.id}": ${messageOf(cause)}`);
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
