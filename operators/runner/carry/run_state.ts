// States of a run's steps, derived from the registry: all processes see the same.
import { isRegistryError } from "../../../core/errors.ts";
import { createLimit, forEachAtOnce } from "../../../core/work/at_once.ts";
import { failedOutcome, failureOutcome, isWell, ranOutcome, skippedOutcome } from "../outcomes.ts";
import type { StepOutcome } from "../outcomes.ts";
import { pinInputs, type PinnedInput, type PinOptions } from "../pin_inputs.ts";
import type { PipelinePlan, PlannedStep } from "../plan.ts";
import { findFailures } from "../records/failures.ts";
import { type FoundRecord, readSuccess, type StepRecord } from "../records/files.ts";
import { recordNames } from "../records/names.ts";
import type { RunContext } from "../run_context.ts";
import { findState, type StepState } from "../success.ts";
import { createWriters } from "../sources.ts";

export interface DueStep {
  is: "due";
  inputs: Record<string, PinnedInput>;
  state: StepState;
  /** Number of failed attempts in this run by index of the shard; 0 without shards. */
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

/** States of the steps of one run. Ends are kept, as they do not change. */
export class RunState {
  readonly #context: RunContext;
  readonly #planned: ReadonlyMap<string, PlannedStep>;
  /** Positions of the steps, each after its upstream steps. */
  readonly #places: ReadonlyMap<string, number>;
  readonly #ended = new Map<string, EndedStep>();
  readonly #writersOf: ReturnType<typeof createWriters>;
  readonly #pinOptions: PinOptions;
  readonly #nameOf: (step: string) => string;

  constructor(context: RunContext, plan: PipelinePlan) {
    const { pipeline, registry, root, s3, dependencies } = context;
    this.#context = context;
    this.#planned = new Map(plan.steps.map((step) => [step.step, step]));
    this.#places = new Map(plan.steps.map(({ step }, place) => [step, place]));
    this.#writersOf = createWriters(pipeline, dependencies, root);
    this.#nameOf = recordNames(pipeline.id).step;
    this.#pinOptions = {
      ...{ registry, root, s3, pinned: new Map() },
      isStep: (id) => dependencies.steps.has(id),
      successOf: (id) => this.#ended.get(id)?.success?.record,
    };
  }

  markEnded(step: string, { outcome, success }: Required<Omit<EndedStep, "is">>): void {
    this.#end(step, outcome, success);
  }

  async statusesOf(ids: Iterable<string>): Promise<Map<string, StepStatus>> {
    const wanted = [...new Set(ids)];
    const successes = await this.#readSuccesses(wanted);
    const limit = createLimit(AT_ONCE);
    const pending = new Map<string, Promise<StepStatus>>();
    const place = (id: string) => this.#places.get(id) ?? 0;
    for (const id of [...successes.keys()].sort((a, b) => place(a) - place(b))) {
      const known = this.#ended.get(id);
      const upstream = Promise.all(this.#upstreamOf(id).map((other) => pending.get(other)!));
      const read = () =>
        upstream.then((statuses) => limit(() => this.#statusOf(id, statuses, successes.get(id))));
      pending.set(id, known === undefined ? read() : Promise.resolve(known));
    }
    await Promise.all(pending.values());
    const statuses = new Map<string, StepStatus>();
    for (const id of wanted) statuses.set(id, await pending.get(id)!);
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

  /** Reads the successes of steps, and of the upstream steps of those without. */
  async #readSuccesses(ids: readonly string[]): Promise<Map<string, Success>> {
    const successes = new Map<string, Success>();
    for (let next = ids; next.length > 0;) {
      for (const id of next) successes.set(id, undefined);
      const open = () => next.filter((id) => !this.#ended.has(id));
      await forEachAtOnce(open(), async (id) => successes.set(id, await this.#readLast(id)));
      const upstream = new Set(open().flatMap((id) => this.#upstreamOf(id)));
      next = [...upstream].filter((id) => !successes.has(id));
    }
    return successes;
  }

  /**
   * Reads the last success of a step. If it is of this run, or the step is skipped, the step has
   * ended.
   */
  async #readLast(id: string): Promise<Success> {
    const { registry, run } = this.#context;
    const { decision, previous } = this.#planned.get(id)!;
    const last = await readSuccess(registry, this.#nameOf(id));
    if (last?.record.run === run) this.#end(id, ranOutcome(last), last);
    else if (decision === "skip") await this.#readPrevious(id, last, previous);
    return last;
  }

  /** Finds the success of a skipped step that the plan was made with. */
  async #readPrevious(id: string, last: Success, previous: string | null): Promise<void> {
    const { registry } = this.#context;
    const name = this.#nameOf(id);
    let success = last;
    for await (const { version } of registry.versions(name)) {
      if (success?.info.commit === previous) break;
      // A newer run has added others.
      success = await readSuccess(registry, `${name}@${version}`);
    }
    if (success !== undefined && success.info.commit === previous) {
      this.#end(id, skippedOutcome(success), success);
    }
  }

  async #statusOf(
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
      if (!isRegistryError(error, "NotFound", "Invalid", "Corrupt", "Unsupported")) throw error;
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
    const { signal } = new AbortController(); // a cancelled run still needs its states
    const present = { inputs, seen: { last } };
    return { inputs, state: await findState(step, planned, present, { ...context, signal }) };
  }
}
