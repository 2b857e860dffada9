// One attempt of a step: what it is given, what it writes, and how that is recorded.
import { join } from "@std/path";
import { messageOf } from "../../../core/errors.ts";
import type { FileSource, FileToSave } from "../../../core/materializer.ts";
import { encodeName, shown } from "../../../core/naming/names.ts";
import { EXIT_CODES, type ExitCode } from "../../contract/operator.ts";
import type { PipelineStep } from "../../contract/pipeline.ts";
import { exitCodeOf, exitNameOf } from "../../exit_codes.ts";
import type { RunEvent, StepOutcome } from "../events.ts";
import { noteStep } from "../left_folders.ts";
import { told } from "../outcomes.ts";
import type { PinnedInput } from "../pin_inputs.ts";
import { saveFailure } from "../records/failures.ts";
import type { FoundRecord } from "../records/files.ts";
import type { FailureRecord, StepFacts, StepRecord } from "../records/step_record.ts";
import type { RunContext } from "../run_context.ts";
import { createMask, reveal } from "../secrets.ts";
import { endShared } from "../shards/end_shared.ts";
import type { SharedStep } from "../shards/shared_step.ts";
import { lineageOf } from "./lineage.ts";
import { findOutputs, publishOutputs, specialFilesOf } from "./publish_outputs.ts";
import { type AttemptEnd, runAttempt } from "./run_attempt.ts";
import { checkUnchanged, stageInputs } from "./stage_inputs.ts";
import { makeStepFolder, removeStepFolder, type StepFolder, stepFolder } from "./step_folder.ts";
import { StepLog } from "./step_log.ts";
import { addSuccess, metadataOf, type StepState } from "./success.ts";

interface AttemptOptions {
  state: StepState;
  inputs: Record<string, PinnedInput>;
  attempt: number;
  shared?: SharedStep;
}

/** How an attempt failed, as it is told. */
export type FailedAttempt =
  & Required<Pick<StepOutcome, "exitCode" | "exit" | "reason">>
  & Pick<StepOutcome, "hint" | "record">;

/** One attempt of a step: its folder, its log, and what it leaves in the registry. */
export class Attempt {
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

export function labelOf(
  { shard }: RunContext,
  { id: step }: PipelineStep,
): Pick<RunEvent & { type: "log" }, "step" | "shard"> {
  return shard === undefined ? { step } : { step, shard };
}

export function factsOf(
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

export function isTriedAgain(
  { retries }: PipelineStep,
  { attempt, exitCode }: { attempt: number; exitCode: ExitCode },
): boolean {
  return attempt < retries.attempts && retries.exitCodes.includes(exitCode);
}
