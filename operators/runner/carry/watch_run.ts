// Watching a run that an engine carries: what ended is read from the registry, and what was lost is
// handed over again.
import { isRegistryError } from "../../../core/errors.ts";
import type { EngineJob } from "../../../core/engine.ts";
import { EXIT_CODES } from "../../contract/operator.ts";
import type { Pipeline } from "../../contract/pipeline.ts";
import { exitNameOf } from "../../exit_codes.ts";
import type { StepOutcome } from "../events.ts";
import { saveFailure } from "../records/failures.ts";
import { cancelRun, type RunResult } from "../records/run_record.ts";
import type { FailureRecord } from "../records/step_record.ts";
import { metadataOf } from "../step/success.ts";
import { checkRunOptions } from "../run_context.ts";
import { endRun, findCarriedRun, isToStop, STOPPED } from "./carried_run.ts";
import type { CarriedRun, CarriedRunOptions } from "./carried_run.ts";
import { type CarryOptions, deliver, mostDeliveries } from "./deliveries.ts";
import type { DueStep } from "./run_state.ts";

/** Options of {@linkcode watchRun}. */
export interface WatchRunOptions extends CarriedRunOptions {
  carry: CarryOptions;
  /** End the run with the first failure of a step. @default false */
  failFast?: boolean;
}

/** How long is waited between two looks at a run, milliseconds: longer and longer while nothing happens. */
export const WAIT_MS = { first: 50, most: 2_000 };
/** How often steps are looked at in the registry that the engine says nothing new of, milliseconds. */
const LOOK_AT_ALL_MS = 30_000;
/** For so long a registry or an engine may not answer, milliseconds. */
const PATIENCE_MS = 10 * 60_000;
/** How long steps of a run that is to stop have to end, milliseconds. */
const STOP_WITHIN_MS = 30_000;

interface Delivery {
  count: number;
  job: string;
  state?: EngineJob["state"];
  reason?: string;
}

const OVER = new Set(["ended", "failed", "cancelled", "lost"]);

/**
 * Watches a run until all its steps have ended, and says how it ended. A step that the engine has lost, or that ended
 * without a word in the registry, as when it was killed, is handed over again: as often as it may be tried, and twice
 * more. Any number may watch a run. An abort ends the watching, and nothing else.
 *
 * @throws {RegistryError} `NotFound` where there is no such run; `Conflict` where it was planned with another configuration
 */
export async function watchRun(pipeline: Pipeline, options: WatchRunOptions): Promise<RunResult> {
  options = checkRunOptions("watch a run", options, ["run", "carry"]);
  return await watchCarried(await findCarriedRun(pipeline, options), options);
}

type WatchOptions = Pick<WatchRunOptions, "carry" | "signal" | "failFast">;

/**
 * The same for a run that was read before.
 *
 * @param jobs of the steps that were handed over a moment ago, by step: those and what comes after them need no look yet
 */
export async function watchCarried(
  run: CarriedRun,
  options: WatchOptions,
  jobs?: ReadonlyMap<string, string>,
): Promise<RunResult> {
  return await new RunWatch(run, options, jobs).untilEnd();
}

/** The watch of one run: which steps are left, and to which jobs they were handed over. */
class RunWatch {
  readonly #run: CarriedRun;
  readonly #carry: CarryOptions;
  readonly #signal?: AbortSignal;
  readonly #failFast: boolean;
  readonly #left: Set<string>;
  readonly #deliveries: Map<string, Delivery>;
  #toLook: string[];
  #lookedAtAll: number;
  #waitMs: number = WAIT_MS.first;
  /** When the steps of a run that is to stop must have ended. */
  #stopBy?: number;
  #failed = false;

  constructor(
    run: CarriedRun,
    { carry, signal, failFast = false }: WatchOptions,
    jobs?: ReadonlyMap<string, string>,
  ) {
    const { steps } = run.plan.record;
    this.#run = run;
    this.#carry = carry;
    this.#signal = signal;
    this.#failFast = failFast;
    this.#left = new Set(steps.map(({ step }) => step));
    this.#deliveries = new Map([...jobs ?? []].map(([id, job]) => [id, { count: 1, job }]));
    this.#lookedAtAll = run.context.system.monotonic();
    this.#toLook = steps.filter(({ decision }) => jobs === undefined || decision === "skip")
      .map(({ step }) => step);
  }

  async untilEnd(): Promise<RunResult> {
    const { run, system, logger, tell } = this.#run.context;
    tell({ type: "run started", run, steps: this.#left.size });
    let troubledSince: number | undefined;
    for (let over = false; this.#left.size > 0 && !over;) {
      this.#signal?.throwIfAborted();
      try {
        over = await this.#lookOnce();
        troubledSince = undefined;
      } catch (error) { // as while a server is started again: what steps do goes on
        if (!isRegistryError(error, "Unavailable", "Unknown")) throw error;
        if (system.monotonic() - (troubledSince ??= system.monotonic()) > PATIENCE_MS) throw error;
        logger.warn(`${error.message}; trying again`);
        this.#toLook = [...this.#left];
        this.#waitMs = WAIT_MS.most;
      }
      if (!over && this.#waitMs > 0) await system.sleep(this.#waitMs, this.#signal);
    }
    await this.#look([...this.#left]);
    for (const id of this.#left) this.#end(id, STOPPED);
    const result = (await endRun(this.#run, { stopped: STOPPED }))!;
    tell({ type: "run ended", run, end: result.end, durationMs: result.durationMs });
    return result;
  }

  /** Returns whether the watch is over. */
  async #lookOnce(): Promise<boolean> {
    const { registry, run, system } = this.#run.context;
    const isFailedFast = this.#failed && this.#failFast;
    if (this.#stopBy === undefined && (isFailedFast || await isToStop(this.#run))) {
      if (isFailedFast) await cancelRun(registry, run);
      await this.#stopAll();
      this.#stopBy = system.monotonic() + STOP_WITHIN_MS;
    }
    const before = this.#left.size;
    await this.#look(this.#toLook);
    if (this.#left.size === 0) return true;
    const changed = await this.#poll() || this.#left.size < before;
    if (
      this.#stopBy !== undefined &&
      (system.monotonic() > this.#stopBy || [...this.#deliveries.values()].every(isOver))
    ) return true;
    const isTimeForAll = system.monotonic() - this.#lookedAtAll > LOOK_AT_ALL_MS;
    if (isTimeForAll) this.#lookedAtAll = system.monotonic();
    this.#toLook = [...this.#left].filter((id) => isTimeForAll || isOver(this.#deliveries.get(id)));
    this.#waitMs = changed
      ? (this.#toLook.length > 0 ? 0 : WAIT_MS.first)
      : Math.min(Math.max(this.#waitMs, WAIT_MS.first) * 1.5, WAIT_MS.most);
    return false;
  }

  #end(id: string, outcome: StepOutcome): void {
    this.#left.delete(id);
    this.#deliveries.delete(id);
    this.#failed ||= outcome.end === "failed";
    this.#run.context.tell({ type: "step ended", step: id, ...outcome });
  }

  async #look(ids: readonly string[]): Promise<void> {
    const { state, context: { dependencies } } = this.#run;
    const isLeft = (id: string) => this.#left.has(id);
    for (let next = ids.filter(isLeft); next.length > 0;) {
      const statuses = await state.look(next);
      next = [];
      await Promise.all([...statuses].map(async ([id, status]) => {
        if (status.is === "ended") {
          if (isLeft(id)) this.#end(id, status.outcome);
          next.push(...dependencies.after.get(id)!.filter(isLeft));
        } else if (status.is === "due" && this.#stopBy === undefined) {
          if (await this.#begin(id, status)) next.push(id);
        }
      }));
      next = [...new Set(next)];
    }
  }

  /** Hands a step over; returns whether it has failed instead. */
  async #begin(id: string, due: DueStep): Promise<boolean> {
    const { context } = this.#run;
    const known = this.#deliveries.get(id);
    if (known !== undefined && !isOver(known)) return false;
    const count = (known?.count ?? 0) + 1;
    if (known !== undefined && count > mostDeliveries(context.dependencies.steps.get(id)!)) {
      await giveUp(this.#run, id, { due, delivery: known });
      return true;
    }
    if (known !== undefined) {
      context.logger.info(`step "${id}" is handed over again: its job ${known.state}`);
    }
    const job = await deliver(context, id, { ...this.#carry, count });
    this.#deliveries.set(id, { count, job });
    return false;
  }

  /** Asks the engine for its jobs; returns whether one of them has changed. */
  async #poll(): Promise<boolean> {
    const { folder, tell } = this.#run.context;
    const asked = [...this.#deliveries].filter(([, delivery]) => !isOver(delivery));
    if (asked.length === 0) return false;
    const ids = asked.map(([, { job }]) => job);
    const jobs = await this.#carry.engine.poll(ids, { signal: this.#signal });
    let changed = false;
    for (const [index, [step, delivery]] of asked.entries()) {
      const { state, reason, exitCode } = jobs[index];
      if (state === delivery.state) continue;
      changed = true;
      Object.assign(delivery, {
        state,
        reason: reason ?? (exitCode === undefined ? undefined : `code ${exitCode}`),
      });
      if (state === "running") {
        tell({ type: "step started", step, attempt: delivery.count, folder });
      }
    }
    return changed;
  }

  async #stopAll(): Promise<void> {
    const { engine } = this.#carry;
    const jobs = await engine.list(this.#run.context.run);
    const ids = new Set(jobs.filter(({ state }) => !OVER.has(state)).map(({ id }) => id));
    for (const { step, id, state } of jobs) {
      if (step === undefined || !this.#left.has(step) || this.#deliveries.has(step)) continue;
      this.#deliveries.set(step, { count: 1, job: id, state });
    }
    for (const delivery of this.#deliveries.values()) if (!isOver(delivery)) ids.add(delivery.job);
    await Promise.all([...ids].map((id) => engine.cancel(id)));
  }
}

function isOver(delivery: Delivery | undefined): boolean {
  return delivery?.state !== undefined && OVER.has(delivery.state);
}

/** A step whose processes ended again and again without a word has failed. */
async function giveUp(
  { context }: CarriedRun,
  id: string,
  { due, delivery }: { due: DueStep; delivery: Delivery },
): Promise<void> {
  const { registry, run, dependencies, system } = context;
  const step = dependencies.steps.get(id)!;
  const { fingerprint, effect } = due.state;
  const why = delivery.reason === undefined
    ? delivery.state
    : `${delivery.state}: ${delivery.reason}`;
  const record: FailureRecord = {
    kind: "failure",
    ...{ run, step: id, node: step.node, operator: step.operator, fingerprint, effect },
    attempt: Math.max(0, ...due.failed.values()) + 1,
    startedAt: new Date(system.now()).toISOString(),
    durationMs: 0,
    exitCode: EXIT_CODES.resource,
    exit: exitNameOf(EXIT_CODES.resource),
    again: false,
    error: {
      code: "Unavailable",
      message:
        `Cannot finish step "${id}": it was begun ${delivery.count} times, and none of them told its end (${why})`,
      hint:
        "Look at what its worker or its job says: it may lack memory, or not reach the registry.",
    },
  };
  await saveFailure(registry, record, { metadata: metadataOf(record) });
}
