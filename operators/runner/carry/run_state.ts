// States of a run's steps, derived from the registry: all processes see the same.
import {
  createLimit,
  forEachAtOnce,
  isRegistryError,
  notFound,
  shown,
  valueAt,
} from "../../../core/kernel.ts";
import { Frontier } from "../frontier.ts";
import { failedOutcome, failureOutcome, ranOutcome, skippedOutcome } from "../outcomes.ts";
import type { StepOutcome } from "../outcomes.ts";
import { createPins, type PinnedInput } from "../pin_inputs.ts";
import type { PipelinePlan } from "../plan.ts";
import { findFailures } from "../records/failures.ts";
import { type FoundRecord, readSuccess, type StepRecord } from "../records/files.ts";
import { recordNames } from "../records/names.ts";
import type { RunContext } from "../run_context.ts";
import { findState, type StepState } from "../reasons.ts";

export interface DueStep {
  inputs: Record<string, PinnedInput>;
  state: StepState;
  /** Number of failed attempts in this run by index of the shard; 0 without shards. */
  failed: ReadonlyMap<number, number>;
}

const AT_ONCE = 16;

type Success = FoundRecord<StepRecord> | undefined;

/** States of the steps of one run. Ends are kept, as they do not change. */
export class RunState {
  readonly frontier: Frontier;
  readonly #context: RunContext;
  /** Positions of the steps, each after its upstream steps. */
  readonly #places: ReadonlyMap<string, number>;
  readonly #pin: ReturnType<typeof createPins>;
  readonly #nameOf: (step: string) => string;

  /** @param successes those that the plan was made with. @default they are read */
  constructor(
    context: RunContext,
    { steps }: PipelinePlan,
    successes?: ReadonlyMap<string, FoundRecord<StepRecord>>,
  ) {
    this.frontier = new Frontier(steps, context.dependencies, successes);
    this.#context = context;
    this.#places = new Map(steps.map(({ step }, place) => [step, place]));
    // A cancelled run still needs its states.
    this.#pin = createPins({ ...context, signal: undefined }, this.frontier);
    this.#nameOf = recordNames(context.pipeline.id).step;
  }

  /** Reads the states of steps, and ends those that have ended. Returns those that are due. */
  async update(ids: Iterable<string>): Promise<Map<string, DueStep>> {
    const wanted = new Set(ids);
    const successes = await this.#readSuccesses([...wanted]);
    const limit = createLimit(AT_ONCE);
    const pending = new Map<string, Promise<void>>();
    const due = new Map<string, DueStep>();
    const place = (id: string) => this.#places.get(id) ?? 0;
    for (const id of [...successes.keys()].sort((a, b) => place(a) - place(b))) {
      const upstream = Promise.all(this.frontier.before(id).map((other) => pending.get(other)));
      const read = async () => {
        const dueStep = await this.#findDue(id, successes.get(id));
        if (dueStep !== undefined && wanted.has(id)) due.set(id, dueStep);
      };
      pending.set(id, upstream.then(() => limit(read)));
    }
    await Promise.all(pending.values());
    return due;
  }

  /** Reads the successes of steps, and of the upstream steps of those without. */
  async #readSuccesses(ids: readonly string[]): Promise<Map<string, Success>> {
    const successes = new Map<string, Success>();
    for (let next = ids; next.length > 0;) {
      for (const id of next) successes.set(id, undefined);
      const open = () => next.filter((id) => this.frontier.outcomeOf(id) === undefined);
      await forEachAtOnce(open(), async (id) => successes.set(id, await this.#readLast(id)));
      const upstream = new Set(open().flatMap((id) => this.frontier.before(id)));
      next = [...upstream].filter((id) => !successes.has(id));
    }
    return successes;
  }

  /** Reads the last success of a step. Ends the step if it ran in this run, or is skipped. */
  async #readLast(id: string): Promise<Success> {
    const { registry, run } = this.#context;
    const { decision, previous } = valueAt(this.frontier.planned, id);
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
    if (success !== undefined && success.info.commit === previous) this.frontier.skip(id, success);
  }

  /** Returns what a step needs to start if it is due; otherwise ends it if it has ended. */
  async #findDue(id: string, last: Success): Promise<DueStep | undefined> {
    if (!this.frontier.isReady(id)) return undefined;
    const { run, registry, secrets } = this.#context;
    let dueState: Omit<DueStep, "failed">;
    try {
      dueState = await this.#findState(id, last);
    } catch (error) {
      if (!isRegistryError(error, "NotFound", "Invalid", "Corrupt", "Unsupported")) throw error;
      return this.#end(id, failedOutcome(error, secrets));
    }
    const { done, effect } = dueState.state;
    if (done !== undefined) {
      const isOwn = done.record.run === run;
      return this.#end(id, isOwn ? ranOutcome(done) : skippedOutcome(done, effect), done);
    }
    const failures = await findFailures(registry, { run, step: id });
    if (failures.last !== undefined) return this.#end(id, failureOutcome(failures.last));
    return { ...dueState, failed: failures.attempts };
  }

  #end(id: string, outcome: StepOutcome, success?: Success): undefined {
    this.frontier.end(id, { outcome, success });
  }

  async #findState(id: string, last: Success): Promise<Omit<DueStep, "failed">> {
    const context = this.#context;
    const step = valueAt(context.dependencies.steps, id);
    const planned = valueAt(this.frontier.planned, id);
    let { inputs, waiting } = await this.#pin(step, planned.inputs);
    if (Object.keys(waiting).length > 0) {
      // Steps before its upstream steps wrote them, and were not read.
      await this.update(Object.values(waiting));
      ({ inputs, waiting } = await this.#pin(step, planned.inputs));
    }
    const missing = Object.values(waiting)[0];
    if (missing !== undefined) {
      throw notFound("read output of step", shown(missing), "its record is missing", {
        hint: "Run the pipeline again.",
      });
    }
    const { signal } = new AbortController();
    const present = { inputs, lastSuccess: { last } };
    return { inputs, state: await findState(step, planned, present, { ...context, signal }) };
  }
}
