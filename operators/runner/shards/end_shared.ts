// Ending a step that several processes share.
import { fault } from "../../../core/errors.ts";
import type { FileSource } from "../../../core/materializer.ts";
import { shown } from "../../../core/naming/names.ts";
import type { PipelineStep } from "../../../core/pipelines/pipeline.ts";
import type { PinnedInput } from "../pin_inputs.ts";
import type { FoundRecord } from "../records/files.ts";
import type { StepFacts, StepRecord } from "../records/step_record.ts";
import type { RunContext } from "../run_context.ts";
import { lineageOf } from "../step/lineage.ts";
import { addSuccess, metadataOf, type StepState } from "../step/success.ts";
import type { SharedStep } from "./shared_step.ts";
import { EXIT_CODES } from "../../../core/pipelines/operator.ts";
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

export interface ShardGroup {
  readonly failed: boolean;
  end(shard?: EndedPart): EndedPart | undefined;
}

export function createShardGroup(count: number, system: System): ShardGroup {
  const startedAt = system.monotonic();
  let left = count;
  let bad: StepOutcome | undefined;
  let whole: EndedPart | undefined;
  let attempts = 0;

  return {
    get failed() {
      return bad !== undefined;
    },
    end(shard) {
      left--;
      if (shard !== undefined && !isWell(shard.outcome)) bad ??= shard.outcome;
      if (shard?.success !== undefined && whole?.outcome.end !== "ran") whole = shard;
      attempts = Math.max(attempts, shard?.outcome.attempts ?? 0);
      if (left > 0) return undefined;
      const durationMs = Math.round(system.monotonic() - startedAt);
      if (bad !== undefined) return { outcome: { ...bad, durationMs } };
      return whole === undefined ? { outcome: { ...INCOMPLETE, durationMs } } : {
        ...whole,
        outcome: { ...whole.outcome, durationMs, ...(attempts === 0 ? {} : { attempts }) },
      };
    },
  };
}

const INCOMPLETE: StepOutcome = {
  end: "failed",
  durationMs: 0,
  exitCode: EXIT_CODES.environment,
  exit: "environment",
  reason: "what some of its shards wrote is not there any more",
  hint: "Run the pipeline again.",
};
