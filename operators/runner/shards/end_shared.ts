// Ending a step that several processes share.
import { fault } from "../../../core/errors.ts";
import type { FileSource } from "../../../core/materializer.ts";
import { shown } from "../../../core/naming/names.ts";
import type { PipelineStep } from "../../contract/pipeline.ts";
import type { PinnedInput } from "../pin_inputs.ts";
import type { FoundRecord } from "../records/files.ts";
import type { StepFacts, StepRecord } from "../records/step_record.ts";
import type { RunContext } from "../run_context.ts";
import { lineageOf } from "../step/lineage.ts";
import { addSuccess, metadataOf, type StepState } from "../step/success.ts";
import type { SharedStep } from "./shared_step.ts";
import { EXIT_CODES } from "../../contract/operator.ts";
import type { System } from "../../../core/system.ts";
import type { StepOutcome } from "../events.ts";
import { isWell } from "../outcomes.ts";

/** Saves the outputs and adds the success where all shards are done; undefined where some are not. */
export async function endShared(
  context: RunContext,
  shared: SharedStep,
  { state, inputs, facts }: {
    state: StepState;
    inputs: Record<string, PinnedInput>;
    facts: StepFacts;
  },
): Promise<FoundRecord<StepRecord> | undefined> {
  const lineage = await lineageOf(inputs, context, { step: facts.step, effect: state.effect });
  const committed = await shared.commit({ inputs: lineage, metadata: metadataOf(facts) });
  if (committed === undefined) return undefined;
  const { log, ...left } = committed;
  const record: StepRecord = { kind: "step", ...facts, ...left };
  const beside: Record<string, FileSource> = log === undefined ? {} : { "log.txt": log };
  return await addSuccess(record, state.last, context, { inputs: lineage, beside });
}

/**
 * Refuses a process that was told another number of shards than its step has.
 *
 * @throws {RegistryError} `Invalid`
 */
export function checkShard(
  { id, shards }: PipelineStep,
  { shard }: Pick<RunContext, "shard">,
): void {
  if (shard === undefined || (shard.count === shards && shard.index >= 0 && shard.index < shards)) {
    return;
  }
  throw fault({
    code: "Invalid",
    action: "execute shard",
    subject: `${shard.index}/${shard.count} of step ${shown(id)}`,
    state: `it has ${shards}`,
    hint:
      "Hand over the step as the pipeline describes it: shards of the step, HOLDFAST_SHARD of the process.",
  });
}

export interface EndedPart {
  outcome: StepOutcome;
  success?: FoundRecord<StepRecord>;
}

/** The shards of one step as a run on one machine sees them: many ends, and one for the step. */
export class ShardGroup {
  readonly #system: System;
  readonly #startedAt: number;
  #left: number;
  #bad?: StepOutcome;
  #whole?: EndedPart;
  #attempts = 0;

  constructor(count: number, system: System) {
    this.#left = count;
    this.#system = system;
    this.#startedAt = system.monotonic();
  }

  get failed(): boolean {
    return this.#bad !== undefined;
  }

  /** Takes the end of a shard, undefined where it was not begun; returns that of the step with the last one. */
  end(shard?: EndedPart): EndedPart | undefined {
    this.#left--;
    if (shard !== undefined && !isWell(shard.outcome)) this.#bad ??= shard.outcome;
    if (shard?.success !== undefined && this.#whole?.outcome.end !== "ran") this.#whole = shard;
    this.#attempts = Math.max(this.#attempts, shard?.outcome.attempts ?? 0);
    if (this.#left > 0) return undefined;
    const durationMs = Math.round(this.#system.monotonic() - this.#startedAt);
    const attempts = this.#attempts === 0 ? {} : { attempts: this.#attempts };
    if (this.#bad !== undefined) return { outcome: { ...this.#bad, durationMs } };
    if (this.#whole === undefined) return { outcome: { ...INCOMPLETE, durationMs } };
    return { ...this.#whole, outcome: { ...this.#whole.outcome, durationMs, ...attempts } };
  }
}

const INCOMPLETE: StepOutcome = {
  end: "failed",
  durationMs: 0,
  exitCode: EXIT_CODES.environment,
  exit: "environment",
  reason: "what some of its shards wrote is not there any more",
  hint: "Run the pipeline again.",
};
