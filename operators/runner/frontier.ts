// The order of a run: it decides which steps are ready, which have ended, and how.
import { valueAt } from "../../core/kernel.ts";
import { isWell, type RunEvent, skippedOutcome, type StepOutcome, STOPPED } from "./outcomes.ts";
import type { PlannedStep } from "./plan.ts";
import type { FoundRecord, StepRecord } from "./records/files.ts";
import type { ExecutedStep } from "./shards/shard_group.ts";
import type { Dependencies } from "./sources.ts";

type EndEvent = Extract<RunEvent, { type: "step ended" }>;

/**
 * The steps of a run, as one process knows them. A step is ready when all steps before it have
 * ended well. If one of them has not, the step is blocked, and so are those after it. Steps after a
 * cancelled one stay open.
 */
export class Frontier {
  readonly planned: ReadonlyMap<string, PlannedStep>;
  readonly #dependencies: Pick<Dependencies, "before" | "after">;
  /** Steps that have not ended, with the number of steps before them that have not ended well. */
  readonly #open: Map<string, number>;
  /** Skipped steps with only such steps before them. */
  readonly #settled = new Set<string>();
  readonly #successes = new Map<string, FoundRecord<StepRecord>>();
  readonly #outcomes = new Map<string, StepOutcome>();
  readonly #news: EndEvent[] = [];

  /**
   * @param steps each after its dependencies
   * @param successes those that the plan was made with. @default they are not known
   */
  constructor(
    steps: readonly PlannedStep[],
    dependencies: Pick<Dependencies, "before" | "after">,
    successes?: ReadonlyMap<string, FoundRecord<StepRecord>>,
  ) {
    this.planned = new Map(steps.map((step) => [step.step, step]));
    this.#dependencies = dependencies;
    this.#open = new Map(steps.map(({ step }) => [step, this.before(step).length]));
    for (const { step, decision } of steps) {
      if (decision !== "skip") continue;
      if (this.before(step).every((other) => this.#settled.has(other))) this.#settled.add(step);
      const success = successes?.get(step);
      if (success !== undefined) this.skip(step, success);
    }
  }

  /** Returns the steps of the run that must end well before a step. */
  before(id: string): string[] {
    return valueAt(this.#dependencies.before, id).filter((other) => this.planned.has(other));
  }

  get open(): string[] {
    return [...this.#open.keys()];
  }

  get ready(): string[] {
    return this.open.filter((id) => this.isReady(id));
  }

  isReady(id: string): boolean {
    return this.#open.get(id) === 0;
  }

  outcomeOf(id: string): StepOutcome | undefined {
    return this.#outcomes.get(id);
  }

  successOf(id: string): StepRecord | undefined {
    return this.#successes.get(id)?.record;
  }

  /** Adds the success of a step that the plan skips: it ends when no step before it may run. */
  skip(id: string, success: FoundRecord<StepRecord>): void {
    this.#successes.set(id, success);
    if (!this.#settled.has(id) && !this.isReady(id)) return;
    this.end(id, { outcome: skippedOutcome(success) });
  }

  /** Ends a step, unless it has ended, and those it blocks. Returns steps that are now ready. */
  end(first: string, { outcome, success }: ExecutedStep): string[] {
    if (success !== undefined && this.#open.has(first)) this.#successes.set(first, success);
    const ready: string[] = [];
    const ending: [string, StepOutcome][] = [[first, outcome]];
    for (let next = ending.pop(); next !== undefined; next = ending.pop()) {
      const [id, outcome] = next;
      if (!this.#open.delete(id)) continue;
      this.#outcomes.set(id, outcome);
      this.#news.push({ type: "step ended", step: id, ...outcome });
      for (
        const after of outcome.end === "cancelled" ? [] : valueAt(this.#dependencies.after, id)
      ) {
        const waitsFor = this.#open.get(after);
        if (waitsFor === undefined) continue;
        const reason = `step ${id} has no success`;
        if (isWell(outcome)) this.#open.set(after, waitsFor - 1);
        else ending.push([after, { end: "blocked", durationMs: 0, reason }]);
        if (!this.isReady(after)) continue;
        const known = this.#successes.get(after);
        if (known === undefined) ready.push(after);
        else ending.push([after, skippedOutcome(known)]);
      }
    }
    return ready;
  }

  /** Cancels open steps. Returns the outcomes of all. */
  close(): Record<string, StepOutcome> {
    for (const id of this.open) this.end(id, { outcome: STOPPED });
    return Object.fromEntries(
      [...this.planned.keys()].map((id) => [id, valueAt(this.#outcomes, id)]),
    );
  }

  /** Emits the ends since the last call. Returns how many. */
  emitEnds(emit: (event: EndEvent) => void): number {
    const ended = this.#news.splice(0);
    for (const event of ended) emit(event);
    return ended.length;
  }
}
