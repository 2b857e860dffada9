// Executes one step of a run, the same way for all callers.
import { EXIT_CODES } from "../../contract/operator.ts";
import type { PipelineStep } from "../../contract/pipeline.ts";
import { invalid, type Shard, shown, valueAt } from "../../../core/kernel.ts";
import { failedOutcome, outcomeOf, skippedOutcome } from "../outcomes.ts";
import type { PinnedInput } from "../pin_inputs.ts";
import type { PlannedStep } from "../plan.ts";
import type { FoundRecord, StepRecord } from "../records/files.ts";
import type { RunContext } from "../run_context.ts";
import { type ExecutedStep, type OpenedStep, ShardGroup } from "../shards/shard_group.ts";
import { endShared, openSharedStep } from "../shards/shared_step.ts";
import { Attempt, factsOf, labelOf } from "./attempt.ts";
import { findState, type StepState } from "../reasons.ts";

interface ExecuteOptions {
  /** Failed attempts in this run before, such as before a kill. @default 0 */
  failed?: number;
  /** The step's state, if it was just read. @default reads it */
  state?: StepState;
  /** Its shards, if this process executes all of them. @default reads the state of each */
  group?: ShardGroup;
}

/**
 * Executes a step whose inputs exist, unless it is done, or would repeat the last success. Its
 * outputs and its success are saved once, however often this is called: for a second delivery, or
 * after a kill.
 *
 * Failures of the step are outcomes. Throws only if its end cannot be recorded, and for an abort.
 */
export async function executeStep(
  context: RunContext,
  planned: PlannedStep,
  inputs: Record<string, PinnedInput>,
  options: ExecuteOptions = {},
): Promise<ExecutedStep> {
  const { shards: count } = valueAt(context.dependencies.steps, planned.step);
  if (count === 1 || context.shard !== undefined) {
    return await executeOne(context, planned, inputs, options);
  }
  const group = new ShardGroup(count, context.system);
  for (let index = 0;; index++) {
    const own = { ...context, shard: { index, count } };
    const { failed } = options;
    const whole = group.end(
      group.failed ? undefined : await executeOne(own, planned, inputs, { failed, group }),
    );
    if (whole !== undefined) return whole;
  }
}

async function executeOne(
  context: RunContext,
  planned: PlannedStep,
  inputs: Record<string, PinnedInput>,
  { failed = 0, state: known, group }: ExecuteOptions,
): Promise<ExecutedStep> {
  const { system, signal, shard, secrets, emit } = context;
  const step = valueAt(context.dependencies.steps, planned.step);
  const startedAtMs = system.monotonic();
  const took = () => Math.round(system.monotonic() - startedAtMs);
  const ran = (success: FoundRecord<StepRecord> | undefined, attempts: number): ExecutedStep => {
    const end = { end: "ran", exitCode: EXIT_CODES.ok, exit: "ok" } as const;
    const outcome = { ...success && outcomeOf(success), ...end, durationMs: took(), attempts };
    return { success, outcome };
  };
  const open = async (): Promise<OpenedStep> => {
    const state = known ?? await findState(step, planned, { inputs }, context);
    if (state.done !== undefined || step.shards === 1) return { state };
    const forced = planned.reasons.includes("forced");
    const options = { effect: state.effect, forced, whole: group !== undefined };
    return { state, shared: await openSharedStep(context, step, options) };
  };
  let opened: OpenedStep;
  try {
    checkShard(step, shard);
    opened = await (group === undefined ? open() : group.open(open));
    const { state, shared } = opened;
    const { done, effect } = state;
    if (done !== undefined) {
      return { success: done, outcome: { ...skippedOutcome(done, effect), durationMs: took() } };
    }
    if (shared?.done.has(shard!.index)) {
      // The process of the last shard may have been killed before it committed.
      const startedAt = new Date(system.now()).toISOString();
      const when = { attempt: failed + 1, startedAt, durationMs: took() };
      const facts = factsOf(context, step, { state, ...when });
      const success = await endShared(context, shared, { state, inputs, facts });
      if (success !== undefined) return ran(success, failed);
      return { outcome: { end: "skipped", durationMs: took(), reason: "done already" } };
    }
  } catch (error) {
    signal.throwIfAborted();
    return { outcome: { ...failedOutcome(error, secrets), durationMs: took() } };
  }
  for (let attempt = failed + 1;; attempt++) {
    const end = await new Attempt(context, step, { ...opened, inputs, attempt }).run();
    if ("success" in end) return ran(end.success, attempt);
    const { again, ...ended } = end;
    const { exit, reason: message } = ended;
    if (!again) {
      return { outcome: { end: "failed", durationMs: took(), attempts: attempt, ...ended } };
    }
    const { backoffMs } = step.retries;
    const inMs = Math.round(backoffMs * 2 ** (attempt - 1) * (0.5 + system.random() / 2));
    emit({ type: "step retried", ...labelOf(context, step), attempt, exit, inMs, message });
    await system.sleep(inMs, signal);
  }
}

/** Refuses a shard of another number of shards than its step has. */
function checkShard({ id, shards }: PipelineStep, shard: Shard | undefined): void {
  if (shard === undefined || (shard.count === shards && shard.index >= 0 && shard.index < shards)) {
    return;
  }
  const subject = `${shard.index}/${shard.count} of step ${shown(id)}`;
  const hint = `Set HOLDFAST_SHARD to INDEX/${shards}, or shards of the step to ${shard.count}.`;
  throw invalid("execute shard", subject, `the step has ${shards} shards`, { hint });
}
