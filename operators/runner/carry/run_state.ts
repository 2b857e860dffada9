// Where the steps of a run are, as the registry says it: whoever looks, wherever, sees the same.
import { isRegistryError } from "../../../core/errors.ts";
import { createLimit, forEachAtOnce } from "../../../core/work/at_once.ts";
import type { StepOutcome } from "../events.ts";
import { failedOutcome, failureOutcome, isWell, ranOutcome, skippedOutcome } from "../outcomes.ts";
import { pinInputs, type PinnedInput, type PinOptions } from "../pin_inputs.ts";
import type { PipelinePlan, PlannedStep } from "../plan.ts";
import { findFailures } from "../records/failures.ts";
import { type FoundRecord, readSuccess } from "../records/files.ts";
import { recordNames } from "../records/names.ts";
import type { StepRecord } from "../records/step_record.ts";
import type { RunContext } from "../run_context.ts";
import { findState, type StepState } from "../step/success.ts";
import { createWriters } from "../writers.ts";

export interface DueStep {
  is: "due";
  inputs: Record<string, PinnedInput>;
  state: StepState;
  /** How often it failed in this run, by the index of the shard; 0 where nobody shares it. */
  failed: ReadonlyMap<number, number>;
}

export type StepStatus = { is: "waiting" } | DueStep | EndedStep;

export interface EndedStep {
  is: "ended";
  outcome: StepOutcome;
  success?: FoundRecord<StepRecord>;
}

const AT_ONCE = 16;

type Success = FoundRecord<StepRecord> | undefined;

/** Where the steps of one run are, as this process knows it: an end is looked up once. */
export class RunState {
  readonly #context: RunContext;
  readonly #planned: ReadonlyMap<string, PlannedStep>;
  readonly #ended = new Map<string, EndedStep>();
  readonly #writersOf: ReturnType<typeof createWriters>;
  readonly #pinOptions: PinOptions;
  readonly #nameOf: (step: string) => string;

  constructor(context: RunContext, plan: PipelinePlan) {
    const { pipeline, registry, root, s3, dependencies } = context;
    this.#context = context;
    this.#planned = new Map(plan.steps.map((step) => [step.step, step]));
    this.#writersOf = createWriters(pipeline, dependencies, root);
    this.#nameOf = recordNames(pipeline.id).step;
    this.#pinOptions = {
      ...{ registry, root, s3, pinned: new Map() },
      isStep: (id) => dependencies.steps.has(id),
      successOf: (id) => this.#ended.get(id)?.success?.record,
    };
  }

  settle(step: string, { outcome, success }: Required<Omit<EndedStep, "is">>): void {
    this.#end(step, outcome, success);
  }

  async look(ids: Iterable<string>): Promise<Map<string, StepStatus>> {
    const wanted = [...new Set(ids)];
    const successes = await this.#lookAtSuccesses(wanted);
    const limit = createLimit(AT_ONCE);
    const looks = new Map<string, Promise<StepStatus>>();
    for (const id of this.#planned.keys()) { // each after those that it waits for
      if (!successes.has(id)) continue;
      const known = this.#ended.get(id);
      const upstream = this.#upstreamOf(id).map((other) => looks.get(other)!);
      looks.set(
        id,
        known !== undefined
          ? Promise.resolve(known)
          : Promise.all(upstream).then((statuses) =>
            limit(() => this.#lookAt(id, statuses, successes.get(id)))
          ),
      );
    }
    await Promise.all(looks.values());
    const statuses = new Map<string, StepStatus>();
    for (const id of wanted) statuses.set(id, await looks.get(id)!);
    return statuses;
  }

  #upstreamOf(id: string): string[] {
    const { before } = this.#context.dependencies;
    return before.get(id)!.filter((other) => this.#planned.has(other));
  }

  #end(id: string, outcome: StepOutcome, success?: FoundRecord<StepRecord>): EndedStep {
    const status: EndedStep = { is: "ended", outcome, ...(success && { success }) };
    this.#ended.set(id, status);
    return status;
  }

  /** Reads the successes of these steps, and of those that must end before them where they have none. */
  async #lookAtSuccesses(ids: readonly string[]): Promise<Map<string, Success>> {
    const successes = new Map<string, Success>();
    for (let next = ids; next.length > 0;) {
      for (const id of next) successes.set(id, undefined);
      const open = () => next.filter((id) => !this.#ended.has(id));
      await forEachAtOnce(
        open(),
        async (id) => void successes.set(id, await this.#lookAtSuccess(id)),
      );
      const upstream = new Set(open().flatMap((id) => this.#upstreamOf(id)));
      next = [...upstream].filter((id) => !successes.has(id));
    }
    return successes;
  }

  /** A success that tells the end of a step without a look at what it depends on. */
  async #lookAtSuccess(id: string): Promise<Success> {
    const { registry, run } = this.#context;
    const { decision, previous } = this.#planned.get(id)!;
    const last = await readSuccess(registry, this.#nameOf(id));
    if (last?.record.run === run) this.#end(id, ranOutcome(last), last);
    else if (decision === "skip") await this.#lookAtPrevious(id, last, previous);
    return last;
  }

  /** The success that the plan relied on, where the step was to be skipped. */
  async #lookAtPrevious(id: string, last: Success, previous: string | null): Promise<void> {
    const { registry } = this.#context;
    const name = this.#nameOf(id);
    let success = last;
    for await (const { version } of registry.versions(name)) {
      if (success?.info.commit === previous) break;
      // A newer run added others.
      success = await readSuccess(registry, `${name}@${version}`);
    }
    if (success !== undefined && success.info.commit === previous) {
      this.#end(id, skippedOutcome(success), success);
    }
  }

  async #lookAt(
    id: string,
    upstream: readonly StepStatus[],
    success: Success,
  ): Promise<StepStatus> {
    const { run, registry, secrets } = this.#context;
    const bad = upstream.findIndex((status) => status.is === "ended" && !isWell(status.outcome));
    if (bad >= 0) {
      const reason = `step ${this.#upstreamOf(id)[bad]} has no success`;
      return this.#end(id, { end: "blocked", durationMs: 0, reason });
    }
    if (upstream.some(({ is }) => is !== "ended")) return { is: "waiting" };
    let found: Pick<DueStep, "inputs" | "state">;
    try {
      found = await this.#findState(id, success);
    } catch (error) {
      if (!isRegistryError(error, "NotFound", "Invalid", "Corrupt", "Unsupported")) throw error; // it may pass
      return this.#end(id, failedOutcome(error, secrets));
    }
    const { done, effect } = found.state;
    if (done?.record.run === run) return this.#end(id, ranOutcome(done), done);
    if (done !== undefined) return this.#end(id, skippedOutcome(done, effect), done);
    const { last, attempts } = await findFailures(registry, { run, step: id });
    if (last !== undefined) return this.#end(id, failureOutcome(last));
    return { is: "due", ...found, failed: attempts };
  }

  async #findState(id: string, last: Success): Promise<Pick<DueStep, "inputs" | "state">> {
    const context = this.#context;
    const step = context.dependencies.steps.get(id)!;
    const planned = this.#planned.get(id)!;
    const known = { ...this.#pinOptions, known: planned.inputs };
    const { inputs } = await pinInputs(step, this.#writersOf(step), known);
    const { signal } = new AbortController(); // a run that is to stop is looked at all the same
    const present = { inputs, seen: { last } };
    return { inputs, state: await findState(step, planned, present, { ...context, signal }) };
  }
}
