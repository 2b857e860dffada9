// Where the steps of a run are, as the registry says it: whoever looks, wherever, sees the same.
import { isRegistryError } from "../../../core/errors.ts";
import { createLimit, forEachAtOnce } from "../../../core/work/at_once.ts";
import type { StepOutcome } from "../events.ts";
import { codeOf, countedParams } from "../fingerprint.ts";
import { failedOutcome, failureOutcome, isWell, ranOutcome, skippedOutcome } from "../outcomes.ts";
import { pinInputs, type PinnedInput, type PinOptions } from "../pin_inputs.ts";
import { operatorVersion, type PipelinePlan, type PlannedStep } from "../plan.ts";
import { findFailures } from "../records/failures.ts";
import { type FoundRecord, readSuccess } from "../records/files.ts";
import { recordNames } from "../records/names.ts";
import type { StepRecord } from "../records/step_record.ts";
import type { RunContext } from "../run_context.ts";
import { findSuccess, type StepState } from "../step/success.ts";
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

export interface RunState {
  look(steps: Iterable<string>): Promise<Map<string, StepStatus>>;
  settle(step: string, end: Required<Pick<EndedStep, "outcome" | "success">>): void;
}

export function createRunState(context: RunContext, plan: PipelinePlan): RunState {
  const { pipeline, run, registry, root, s3, dependencies } = context;
  const { steps, before } = dependencies;
  const planned = new Map(plan.steps.map((step) => [step.step, step]));
  const upstreamOf = (id: string) => before.get(id)!.filter((other) => planned.has(other));
  const writersOf = createWriters(pipeline, dependencies, root);
  const names = recordNames(pipeline.id);
  const ended = new Map<string, EndedStep>();
  type Success = FoundRecord<StepRecord> | undefined;
  const pinOptions: PinOptions = {
    ...{ registry, root, s3, pinned: new Map() },
    isStep: (id) => steps.has(id),
    successOf: (id) => ended.get(id)?.success?.record,
  };

  function end(id: string, outcome: StepOutcome, success?: FoundRecord<StepRecord>): EndedStep {
    const status: EndedStep = { is: "ended", outcome, ...(success && { success }) };
    ended.set(id, status);
    return status;
  }

  /** A success that tells the end of a step without a look at what it depends on. */
  async function lookAtSuccess(id: string): Promise<Success> {
    const { decision, previous } = planned.get(id)!;
    const last = await readSuccess(registry, names.step(id));
    if (last?.record.run === run) end(id, ranOutcome(last), last);
    else if (decision === "skip") await lookAtPrevious(id, last, previous);
    return last;
  }

  /** The success that the plan relied on, where the step was to be skipped. */
  async function lookAtPrevious(id: string, last: Success, previous: string | null): Promise<void> {
    let success = last;
    for await (const { version } of registry.versions(names.step(id))) {
      if (success?.info.commit === previous) break;
      // A newer run added others.
      success = await readSuccess(registry, `${names.step(id)}@${version}`);
    }
    if (success !== undefined && success.info.commit === previous) {
      end(id, skippedOutcome(success), success);
    }
  }

  async function lookAt(
    id: string,
    upstream: readonly StepStatus[],
    success: Success,
  ): Promise<StepStatus> {
    const others = upstreamOf(id);
    const bad = upstream.findIndex((status) => status.is === "ended" && !isWell(status.outcome));
    if (bad >= 0) {
      const reason = `step ${others[bad]} has no success`;
      return end(id, { end: "blocked", durationMs: 0, reason });
    }
    if (upstream.some(({ is }) => is !== "ended")) return { is: "waiting" };
    const step = steps.get(id)!;
    const plannedStep: PlannedStep = planned.get(id)!;
    let inputs: Record<string, PinnedInput>;
    let state: StepState;
    try {
      const known = { ...pinOptions, known: plannedStep.inputs };
      inputs = (await pinInputs(step, writersOf(step), known)).inputs;
      const { files } = plannedStep;
      const code = codeOf(step, { operatorVersion: await operatorVersion(step, context), files });
      const present = { inputs, params: countedParams(step), code, seen: { last: success } };
      const { signal } = new AbortController(); // a run that is to stop is looked at all the same
      state = await findSuccess(step, plannedStep, present, { ...context, signal });
    } catch (error) {
      if (!isRegistryError(error, "NotFound", "Invalid", "Corrupt", "Unsupported")) throw error; // it may pass
      return end(id, failedOutcome(error, context.secrets));
    }
    const { done } = state;
    if (done?.record.run === run) return end(id, ranOutcome(done), done);
    if (done !== undefined) {
      const reason = done.record.effect === state.effect ? "done already" : "nothing changed";
      return end(id, { ...skippedOutcome(done), reason }, done);
    }
    const { last, attempts } = await findFailures(registry, { run, step: id });
    if (last !== undefined) return end(id, failureOutcome(last));
    return { is: "due", inputs, state, failed: attempts };
  }

  return {
    settle: (id, { outcome, success }) => void end(id, outcome, success),
    async look(ids) {
      const wanted = [...new Set(ids)];
      const seen = new Set<string>();
      const successes = new Map<string, Success>();
      for (let next = wanted; next.length > 0;) {
        for (const id of next) seen.add(id);
        const unknown = next.filter((id) => !ended.has(id));
        await forEachAtOnce(unknown, async (id) => void successes.set(id, await lookAtSuccess(id)));
        const upstream = new Set(next.filter((id) => !ended.has(id)).flatMap(upstreamOf));
        next = [...upstream].filter((id) => !seen.has(id));
      }
      const limit = createLimit(AT_ONCE);
      const looks = new Map<string, Promise<StepStatus>>();
      for (const { step: id } of plan.steps) { // each after those that it waits for
        if (!seen.has(id)) continue;
        const known = ended.get(id);
        const upstream = upstreamOf(id).map((other) => looks.get(other)!);
        looks.set(
          id,
          known !== undefined
            ? Promise.resolve(known)
            : Promise.all(upstream).then((statuses) =>
              limit(() => lookAt(id, statuses, successes.get(id)))
            ),
        );
      }
      await Promise.all(looks.values());
      const statuses = new Map<string, StepStatus>();
      for (const id of wanted) statuses.set(id, await looks.get(id)!);
      return statuses;
    },
  };
}

const AT_ONCE = 16;
