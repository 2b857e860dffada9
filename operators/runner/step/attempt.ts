// One attempt of a step: its folder, its log, and its record.
import { mkdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { encodeName, isRegistryError, messageOf, shown } from "../../../core/kernel.ts";
import { onDisk } from "../../../disk/file_errors.ts";
import { EXIT_CODES, type ExitCode } from "../../contract/operator.ts";
import type { PipelineStep } from "../../contract/pipeline.ts";
import { exitCodeOf, exitNameOf } from "../../exit_codes.ts";
import { codeOf, commandFiles } from "../fingerprint.ts";
import { describeError, masked, type RunEvent, type StepOutcome } from "../outcomes.ts";
import { noteStep } from "../left_folders.ts";
import type { PinnedInput } from "../pin_inputs.ts";
import { saveFailure } from "../records/failures.ts";
import type { FailureRecord, FoundRecord, StepFacts, StepRecord } from "../records/files.ts";
import type { RunContext } from "../run_context.ts";
import { reveal } from "../secrets.ts";
import { endShared, type SharedStep } from "../shards/shared_step.ts";
import type { StepState } from "../reasons.ts";
import { addSuccess, lineageOf, metadataOf, withCode } from "../success.ts";
import { followLinks } from "./follow_links.ts";
import { findOutputs, publishOutputs, specialFilesOf } from "./publish_outputs.ts";
import type { WrittenOutput } from "./publish_outputs.ts";
import type { Metrics } from "../metrics/metrics_table.ts";
import { readMetrics } from "../metrics/read_metrics.ts";
import { type AttemptEnd, runAttempt } from "./run_attempt.ts";
import { checkUnchanged, stageInputs } from "./stage_inputs.ts";
import { StepLog } from "./step_log.ts";

interface AttemptOptions {
  state: StepState;
  inputs: Record<string, PinnedInput>;
  attempt: number;
  shared?: SharedStep;
}

type FailedAttempt =
  & Required<Pick<StepOutcome, "exitCode" | "exit" | "reason">>
  & Pick<StepOutcome, "hint" | "hintReason" | "record">
  & Pick<FailureRecord, "again">;

export class Attempt {
  readonly #context: RunContext;
  readonly #step: PipelineStep;
  readonly #options: AttemptOptions;
  readonly #folder: string;
  readonly #log: StepLog;
  readonly #startedAt: string;
  readonly #startedAtMs: number;
  #written: readonly WrittenOutput[] = [];
  #metrics: Metrics | undefined;
  /** The code of an attempt whose files were not, or are no longer, those of the plan. */
  #changedCode: string | undefined;

  constructor(context: RunContext, step: PipelineStep, options: AttemptOptions) {
    const { system, keep } = context;
    this.#context = context;
    this.#step = step;
    this.#options = options;
    // Two deliveries of a step may run here at once: each has its own folder.
    const owner = keep ? "" : `-${context.owner}`;
    this.#folder = join(context.folder, `${encodeName(step.id)}-${system.id().slice(-8)}${owner}`);
    this.#startedAt = new Date(system.now()).toISOString();
    this.#startedAtMs = system.monotonic();
    const label = labelOf(context, step);
    this.#log = new StepLog({
      path: join(this.#folder, "log.txt"),
      mask: context.secrets.mask,
      onLine: (level, line) => context.emit({ type: "log", ...label, level, line }),
      system,
    });
  }

  async run(): Promise<{ success: FoundRecord<StepRecord> | undefined } | FailedAttempt> {
    const { signal, keep, emit } = this.#context;
    const { attempt, inputs } = this.#options;
    const folder = this.#folder;
    emit({ type: "step started", ...labelOf(this.#context, this.#step), attempt, folder });
    try {
      const end = await this.#execute();
      signal.throwIfAborted();
      if (end.exitCode !== EXIT_CODES.ok) return await this.#fail(end);
      await checkUnchanged(inputs, this.#context);
      await this.#checkCode();
      return { success: await this.#save(end) };
    } catch (error) {
      signal.throwIfAborted();
      return await this.#fail({ exitCode: exitCodeOf(error), error });
    } finally {
      const isCancelled = isRegistryError(signal.reason, "TaskFailed");
      if (isCancelled) this.#log.write("warn", messageOf(signal.reason));
      this.#log.close();
      // No record has the log of a cancelled attempt: `pipeline logs` finds it until the next run.
      if (!keep) await this.#remove(isCancelled ? ["input", "output", "workspace"] : [""]);
    }
  }

  #part(name: "input" | "output" | "workspace"): string {
    return join(this.#folder, name);
  }

  #makeFolder(): void {
    onDisk("make the folder of a step", this.#folder, () => {
      mkdirSync(this.#folder, { recursive: true });
      for (const name of ["input", "output", "workspace"] as const) mkdirSync(this.#part(name));
    });
  }

  async #remove(parts: readonly string[]): Promise<void> {
    try {
      for (const part of parts) { // other steps go on meanwhile
        await rm(join(this.#folder, part), { recursive: true, force: true });
      }
    } catch (error) { // files of another user, such as a container's: the step has ended anyway
      this.#context.logger.warn(`Cannot remove ${this.#folder}: ${messageOf(error)}`);
    }
  }

  #facts(metrics?: Metrics): StepFacts {
    const { state, attempt } = this.#options;
    const durationMs = Math.round(this.#context.system.monotonic() - this.#startedAtMs);
    const startedAt = this.#startedAt;
    const facts = withCode(
      factsOf(this.#context, this.#step, { state, attempt, startedAt, durationMs }),
      this.#changedCode,
    );
    return metrics === undefined ? facts : { ...facts, metrics };
  }

  /** Notes whether its code still is that of the plan. If not, no later run may reuse its success. */
  async #checkCode(): Promise<void> {
    if (this.#changedCode !== undefined) return;
    const { code } = this.#options.state.fingerprint;
    const files = await commandFiles(this.#step, this.#context.root);
    if (files === undefined) return; // a worker elsewhere may have none of them
    if (await codeOf(this.#step, files, this.#context) === code) return;
    this.#changedCode = `${code}, changed during the run`;
    this.#log.write("warn", "the files of its command changed during the run: it will run again");
  }

  async #execute(): Promise<AttemptEnd> {
    const [context, step] = [this.#context, this.#step];
    const { system } = context;
    this.#makeFolder();
    const note = noteStep(this.#folder, system);
    const [params, env] = [reveal(step.params, system), reveal(step.env, system)];
    const inputRoot = await stageInputs(this.#options.inputs, this.#part("input"), context);
    const [outputRoot, workspaceRoot] = [this.#part("output"), this.#part("workspace")];
    await this.#checkCode();
    return await runAttempt(context, step, {
      roots: { inputRoot, outputRoot, workspaceRoot },
      note,
      log: this.#log,
      params,
      env: env as Record<string, string>, // `{ from_env }` has been replaced by its value
      complete: (signal) => this.#completeOutputs(signal),
    });
  }

  async #completeOutputs(signal: AbortSignal): Promise<void> {
    const { inputs, shared } = this.#options;
    const options = { outputRoot: this.#part("output"), isShard: shared !== undefined };
    const [folder, step] = [this.#folder, this.#step.id];
    this.#written = await findOutputs(this.#step, this.#context, options);
    await followLinks(this.#written, { step, folder, inputs, signal });
    const { mask } = this.#context.secrets;
    this.#metrics = await readMetrics(this.#step, { ...options, mask, signal });
  }

  /** Saves its outputs and the success. Returns undefined if other shards are not done. */
  async #save({ usage }: AttemptEnd): Promise<FoundRecord<StepRecord> | undefined> {
    const [context, step, log] = [this.#context, this.#step, this.#log];
    const { state, inputs, attempt, shared } = this.#options;
    const written = this.#written;
    for (const path of await specialFilesOf(written)) {
      log.write("warn", `not saved: ${shown(path)} is a pipe, a socket or a device`);
    }
    if (shared !== undefined) {
      log.close();
      const code = this.#changedCode;
      const { startedAt, durationMs } = this.#facts();
      const beside = Object.entries(besides(log)).map(([path, content]) => ({ path, content }));
      const metrics = this.#metrics;
      const facts = { attempt, startedAt, durationMs, usage, metrics, code };
      const ended = { ...facts, outputs: written, beside };
      await shared.add(context.shard!, ended);
      return await endShared(context, shared, { state, inputs, facts: this.#facts() });
    }
    const lineage = await lineageOf(inputs, context, { step: step.id, effect: state.effect });
    const outputs = await publishOutputs(written, context, {
      effect: state.effect,
      inputs: lineage,
      metadata: metadataOf(this.#facts(this.#metrics)),
      before: state.last?.record.outputs ?? {},
    });
    log.close();
    const record: StepRecord = { kind: "step", ...this.#facts(this.#metrics), outputs, usage };
    return await addSuccess(record, state.last, context, { inputs: lineage, beside: besides(log) });
  }

  async #fail(
    { exitCode, error, usage }: Pick<AttemptEnd, "exitCode" | "error" | "usage">,
  ): Promise<FailedAttempt> {
    const [step, log] = [this.#step, this.#log];
    const exit = exitNameOf(exitCode);
    const { reason: message, code, hint, hintReason } = masked(
      describeError(error ?? `it ended with code ${exitCode} (${exit})`),
      this.#context.secrets.mask,
    );
    const why = whyNotRetried(step, { attempt: this.#options.attempt, exitCode, error });
    const again = why === undefined;
    const ended = { exitCode, exit, reason: message, hint, hintReason, again };
    log.write("error", message);
    if (why && step.retries.attempts > 1) log.write("warn", `not retried: ${why}`);
    log.close();
    const record: FailureRecord = {
      kind: "failure",
      ...this.#facts(),
      exitCode,
      exit,
      again,
      usage,
      error: { message, code, hint, reason: hintReason },
    };
    const { registry, shard, signal, logger } = this.#context;
    const options = { metadata: metadataOf(record), beside: besides(log), signal, shard };
    try {
      return { ...ended, record: await saveFailure(registry, record, options) };
    } catch (cause) { // the disk may be full: report the outcome anyway
      signal.throwIfAborted();
      const name = shown(step.id);
      logger.warn(`Cannot save the record of a failure of step ${name}: ${messageOf(cause)}`);
      return ended;
    }
  }
}

function besides(log: StepLog): Record<string, ReturnType<StepLog["source"]>> {
  return log.isEmpty ? {} : { "log.txt": log.source() };
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
    git: step.git,
  };
}

/** Returns why a failed attempt is the last one; undefined if another one follows. */
function whyNotRetried(
  { retries: { attempts, exitCodes }, runAs }: PipelineStep,
  { attempt, exitCode, error }: { attempt: number; exitCode: ExitCode; error: unknown },
): string | undefined {
  const exit = `exit code ${exitCode} (${exitNameOf(exitCode)})`;
  if (attempt >= attempts) return `attempt ${attempt} of ${attempts} failed`;
  if (exitCodes !== undefined) {
    return exitCodes.includes(exitCode) ? undefined : `${exit} is not in retries.exit_codes`;
  }
  const isOfCommand = runAs === "command" && isRegistryError(error, "TaskFailed");
  if (isOfCommand || exitCode >= EXIT_CODES.logic) return undefined;
  return `${exit} usually recurs; list it in retries.exit_codes to retry it`;
}
