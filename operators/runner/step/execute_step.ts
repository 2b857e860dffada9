// Executing one step of a run: the one way that all go, whoever calls.
import { EXIT_CODES } from "../../contract/operator.ts";
import type { PipelineStep } from "../../contract/pipeline.ts";
import type { StepOutcome } from "../events.ts";
import { failedOutcome, outcomeOf, skippedOutcome } from "../outcomes.ts";
import type { PinnedInput } from "../pin_inputs.ts";
import type { PlannedStep } from "../plan.ts";
import type { FoundRecord } from "../records/files.ts";
import type { StepRecord } from "../records/step_record.ts";
import type { RunContext } from "../run_context.ts";
import { checkShard, endShared, ShardGroup } from "../shards/end_shared.ts";
import { openSharedStep, type SharedStep } from "../shards/shared_step.ts";
import { Attempt, factsOf, type FailedAttempt, isTriedAgain, labelOf } from "./attempt.ts";
import { findState, type StepState } from "./success.ts";

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
    ? await executeShards(context, planned, inputs, { failed: options.failed })
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
    const [context, step, inputs] = [this.#context, this.#step, this.#inputs];
    let state: StepState;
    let shared: SharedStep | undefined;
    try {
      checkShard(step, context);
      state = this.#known ?? await findState(step, this.#planned, { inputs }, context);
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
      const end = await new Attempt(context, step, { state, inputs, attempt, shared }).run();
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

  /** Ends a shard that is done. The process of the last one may have been killed before it committed. */
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
