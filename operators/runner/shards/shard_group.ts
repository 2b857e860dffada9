// The shards of one step as a run on one machine sees them: many ends, and one for the step.
import { EXIT_CODES } from "../../../core/pipelines/operator.ts";
import type { System } from "../../../core/system.ts";
import type { StepOutcome } from "../events.ts";
import { isWell } from "../outcomes.ts";
import type { FoundRecord } from "../records/files.ts";
import type { StepRecord } from "../records/step_record.ts";

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
