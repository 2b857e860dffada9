// The shards of a step that runs on one machine.
import type { System } from "../../../mod.ts";
import { EXIT_CODES } from "../../contract/operator.ts";
import { isWell, type StepOutcome } from "../outcomes.ts";
import type { FoundRecord, StepRecord } from "../records/files.ts";
import type { StepState } from "../reasons.ts";
import type { SharedStep } from "./shared_step.ts";

export interface ExecutedStep {
  outcome: StepOutcome;
  success?: FoundRecord<StepRecord>;
}

/** The state of a step, with the shared step unless it is done. */
export interface OpenedStep {
  state: StepState;
  shared?: SharedStep;
}

/** Combines the ends of a step's shards to the end of the step. */
export class ShardGroup {
  readonly #system: System;
  readonly #startedAt: number;
  #left: number;
  #bad?: StepOutcome;
  #whole?: ExecutedStep;
  #attempts?: number;
  #opened?: Promise<OpenedStep>;

  constructor(count: number, system: System) {
    this.#left = count;
    this.#system = system;
    this.#startedAt = system.monotonic();
  }

  get failed(): boolean {
    return this.#bad !== undefined;
  }

  /** Returns what its shards share. The first one reads it. */
  open(read: () => Promise<OpenedStep>): Promise<OpenedStep> {
    return this.#opened ??= read();
  }

  /**
   * Adds the end of a shard, undefined if it did not start. Returns the step's end with the last
   * one.
   */
  end(shard?: ExecutedStep): ExecutedStep | undefined {
    this.#left--;
    if (shard !== undefined && !isWell(shard.outcome)) this.#bad ??= shard.outcome;
    if (shard?.success !== undefined && this.#whole?.outcome.end !== "ran") this.#whole = shard;
    const { attempts } = shard?.outcome ?? {};
    if (attempts) this.#attempts = Math.max(this.#attempts ?? 0, attempts);
    if (this.#left > 0) return undefined;
    const durationMs = Math.round(this.#system.monotonic() - this.#startedAt);
    if (this.#bad !== undefined) return { outcome: { ...this.#bad, durationMs } };
    if (this.#whole === undefined) return { outcome: { ...INCOMPLETE, durationMs } };
    const { outcome } = this.#whole;
    const most = this.#attempts ?? outcome.attempts;
    return { ...this.#whole, outcome: { ...outcome, durationMs, attempts: most } };
  }
}

const INCOMPLETE: StepOutcome = {
  end: "failed",
  durationMs: 0,
  exitCode: EXIT_CODES.environment,
  exit: "environment",
  reason: "outputs of some of its shards are missing",
  hint: "Run the pipeline again.",
};
