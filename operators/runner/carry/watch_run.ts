// Watches a run on an engine: reads ends from the registry, and submits lost steps again.
import { invalid, isRegistryError, itemAt, valueAt } from "../../../core/kernel.ts";
import type { EngineJob } from "../../contract/engine.ts";
import type { Pipeline } from "../../contract/pipeline.ts";
import { cancelRun, type RunResult } from "../records/run_record.ts";
import { checkRunOptions } from "../run_context.ts";
import { advance, deliver, endRun, findCarriedRun, isStopped } from "./carried_run.ts";
import { mostDeliveries } from "./carried_run.ts";
import type { CarriedRun, CarriedRunOptions } from "./carried_run.ts";
import type { CarryOptions } from "./run_options.ts";
import { isFull, recordUnstarted } from "./next_steps.ts";
import type { DueStep } from "./run_state.ts";

/** Options of {@linkcode watchRun}. */
export interface WatchRunOptions extends CarriedRunOptions {
  carry: CarryOptions;
  /** Ends the run after the first failure of a step. @default false */
  failFast?: boolean;
}

/** Interval of polls, milliseconds: it grows while nothing changes, and with the time of a poll. */
const POLL_MS = { first: 10, most: 2_000, perPoll: 4 };
/** Interval of updating steps without news from the engine, milliseconds. */
const UPDATE_ALL_MS = 30_000;
/** Longest outage of a registry or engine, milliseconds. */
const PATIENCE_MS = 10 * 60_000;
/** Time for steps of a cancelled run to end, milliseconds. */
const STOP_WITHIN_MS = 30_000;

interface Delivery {
  count: number;
  job: string;
  state?: EngineJob["state"];
  reason?: string;
}

const OVER = new Set(["ended", "failed", "cancelled", "lost"]);

/**
 * Watches a run until all its steps have ended, and returns its result. Submits a step again that
 * the engine has lost, or that ended without a record, such as after a kill: as often as its
 * retries allow, and twice more. Several processes may watch a run. An abort only ends the
 * watching.
 *
 * @throws {RegistryError} `NotFound` if the run does not exist; `Conflict` if it was planned with
 * another configuration
 */
export async function watchRun(pipeline: Pipeline, options: WatchRunOptions): Promise<RunResult> {
  options = checkRunOptions("watch a run", options, ["run", "carry"]);
  return await watchCarried(await findCarriedRun(pipeline, options), options);
}

type WatchOptions = Pick<WatchRunOptions, "carry" | "signal" | "failFast">;

/** Watches a run. `jobs` were just submitted, so these steps need no update yet. */
export async function watchCarried(
  run: CarriedRun,
  options: WatchOptions,
  jobs?: ReadonlyMap<string, string>,
): Promise<RunResult> {
  return await new RunWatch(run, options, jobs).untilEnd();
}

/** The watch of a run, and the jobs of its steps. */
class RunWatch {
  readonly #run: CarriedRun;
  readonly #carry: CarryOptions;
  readonly #signal?: AbortSignal;
  readonly #failFast: boolean;
  readonly #deliveries: Map<string, Delivery>;
  /** Steps that the engine had no place for, and how many of them are submitted next. */
  readonly #held: Set<string>;
  #places = 0;
  #toUpdate: string[];
  #updatedAllAt: number;
  #waitMs: number = POLL_MS.first;
  /** Deadline of the steps of a cancelled run. */
  #stopBy?: number;
  #failed = false;
  /** Reasons for which steps wait, each of which is logged once. */
  readonly #reasons = new Set<string>();

  constructor(
    run: CarriedRun,
    { carry, signal, failFast = false }: WatchOptions,
    jobs?: ReadonlyMap<string, string>,
  ) {
    this.#run = run;
    this.#carry = carry;
    this.#signal = signal;
    this.#failFast = failFast;
    this.#deliveries = new Map([...jobs ?? []].map(([id, job]) => [id, { count: 1, job }]));
    const isHeld = (id: string) => jobs !== undefined && !jobs.has(id);
    this.#held = new Set(run.state.frontier.ready.filter(isHeld));
    this.#updatedAllAt = run.context.system.monotonic();
    this.#toUpdate = jobs === undefined ? this.#open : [];
  }

  get #open(): string[] {
    return this.#run.state.frontier.open;
  }

  async untilEnd(): Promise<RunResult> {
    const { run, system, logger, emit } = this.#run.context;
    emit({ type: "run started", run, steps: this.#run.state.frontier.planned.size });
    this.#emitEnds();
    let troubledSince: number | undefined;
    for (let over = this.#open.length === 0; !over;) {
      this.#signal?.throwIfAborted();
      try {
        over = await this.#updateOnce();
        troubledSince = undefined;
      } catch (error) { // such as a restart of the server: running steps continue
        if (!isRegistryError(error, "Unavailable", "Unknown")) throw error;
        if (system.monotonic() - (troubledSince ??= system.monotonic()) > PATIENCE_MS) throw error;
        logger.warn(`${error.message}; trying again`);
        this.#toUpdate = this.#open;
        this.#waitMs = POLL_MS.most;
      }
      if (!over && this.#waitMs > 0) await system.sleep(this.#waitMs, this.#signal);
    }
    await this.#update(this.#open);
    const result = (await endRun(this.#run, { stopped: true }))!;
    this.#emitEnds();
    emit({ type: "run ended", run, end: result.end, durationMs: result.durationMs });
    return result;
  }

  /** Returns whether the watch has ended. */
  async #updateOnce(): Promise<boolean> {
    const { registry, run, system } = this.#run.context;
    const isFailedFast = this.#failed && this.#failFast;
    if (this.#stopBy === undefined && (isFailedFast || await isStopped(this.#run))) {
      if (isFailedFast) await cancelRun(registry, run);
      await this.#stopAll();
      this.#stopBy = system.monotonic() + STOP_WITHIN_MS;
    }
    const before = this.#open.length;
    await this.#update(this.#toUpdate);
    if (this.#open.length === 0) return true;
    const askedAt = system.monotonic();
    const changed = await this.#poll() || this.#open.length < before;
    const firstMs = Math.max(POLL_MS.first, (system.monotonic() - askedAt) * POLL_MS.perPoll);
    if (
      this.#stopBy !== undefined &&
      (system.monotonic() > this.#stopBy || [...this.#deliveries.values()].every(isOver))
    ) return true;
    const isTimeForAll = system.monotonic() - this.#updatedAllAt > UPDATE_ALL_MS;
    if (isTimeForAll) this.#updatedAllAt = system.monotonic();
    if (isTimeForAll) this.#places = Math.max(1, this.#places);
    const isDue = (id: string) =>
      isTimeForAll || isOver(this.#deliveries.get(id)) ||
      this.#places > 0 && this.#held.has(id);
    this.#toUpdate = this.#open.filter(isDue);
    this.#waitMs = changed
      ? (this.#toUpdate.length > 0 ? 0 : firstMs)
      : Math.min(Math.max(this.#waitMs * 1.5, firstMs), POLL_MS.most);
    return false;
  }

  #emitEnds(): void {
    this.#run.state.frontier.emitEnds((event) => {
      this.#deliveries.delete(event.step);
      this.#held.delete(event.step);
      this.#failed ||= event.end === "failed";
      this.#run.context.emit(event);
    });
  }

  async #update(ids: readonly string[]): Promise<void> {
    await advance(
      this.#run,
      ids,
      async (id, due) => this.#stopBy !== undefined || await this.#begin(id, due),
    );
    this.#emitEnds();
  }

  /** Submits a step. Returns false if it has failed instead. */
  async #begin(id: string, due: DueStep): Promise<boolean> {
    const { context } = this.#run;
    const known = this.#deliveries.get(id);
    if (known !== undefined && !isOver(known)) return true;
    if (this.#held.has(id)) {
      if (this.#places === 0) return true;
      this.#places--;
    }
    const count = (known?.count ?? 0) + 1;
    if (known !== undefined && count > mostDeliveries(valueAt(context.dependencies.steps, id))) {
      await giveUp(this.#run, id, { due, delivery: known });
      return false;
    }
    if (known !== undefined) {
      context.logger.info(`step "${id}" is submitted again: its job ${known.state}`);
    }
    try {
      const job = await deliver(context, id, { ...this.#carry, count });
      this.#deliveries.set(id, { count, job });
      if (this.#held.delete(id)) this.#places++; // there may be another one
    } catch (error) {
      if (!isFull(error)) throw error;
      if (this.#held.size === 0) context.logger.warn(`${error.message}; step "${id}" waits`);
      this.#held.add(id);
      this.#places = 0;
    }
    return true;
  }

  /** Polls the engine. Returns whether a job has changed. */
  async #poll(): Promise<boolean> {
    const { folder, emit, logger } = this.#run.context;
    const asked = [...this.#deliveries].filter(([, delivery]) => !isOver(delivery));
    if (asked.length === 0) return false;
    const ids = asked.map(([, { job }]) => job);
    const { engine } = this.#carry;
    const jobs = await engine.poll(ids, { signal: this.#signal });
    if (jobs.length !== ids.length) {
      const state = `it returned ${jobs.length} jobs for ${ids.length} ids`;
      const hint = "Return one job for each id, in that order. Unknown ones are `lost`.";
      throw invalid("poll engine", JSON.stringify(engine.kind), state, { hint });
    }
    let changed = false;
    for (const [index, [step, delivery]] of asked.entries()) {
      const { state, reason, exitCode } = itemAt(jobs, index);
      if (state === "waiting" && reason !== undefined && !this.#reasons.has(reason)) {
        this.#reasons.add(reason);
        logger.warn(`step "${step}" waits: ${reason}`);
      }
      if (state === delivery.state) continue;
      changed = true;
      delivery.state = state;
      if (isOver(delivery)) this.#places++;
      delivery.reason = reason ?? (exitCode === undefined ? undefined : `code ${exitCode}`);
      if (state === "running") {
        emit({ type: "step started", step, attempt: delivery.count, folder });
      }
    }
    return changed;
  }

  async #stopAll(): Promise<void> {
    const { engine } = this.#carry;
    const jobs = await engine.list(this.#run.context.run);
    const open = new Set(this.#open);
    const ids = new Set(jobs.filter(({ state }) => !OVER.has(state)).map(({ id }) => id));
    for (const { step, id, state } of jobs) {
      if (step === undefined || !open.has(step) || this.#deliveries.has(step)) continue;
      this.#deliveries.set(step, { count: 1, job: id, state });
    }
    for (const delivery of this.#deliveries.values()) if (!isOver(delivery)) ids.add(delivery.job);
    await Promise.all([...ids].map((id) => engine.cancel(id)));
  }
}

function isOver(delivery: Delivery | undefined): boolean {
  return delivery?.state !== undefined && OVER.has(delivery.state);
}

/** Records the failure of a step whose processes ended again and again without a record. */
async function giveUp(
  { context }: CarriedRun,
  id: string,
  { due, delivery }: { due: DueStep; delivery: Delivery },
): Promise<void> {
  const { state = "lost", reason } = delivery;
  const why = reason === undefined ? state : `${state}: ${reason}`;
  await recordUnstarted(context, id, {
    due,
    again: false,
    message: `Cannot finish step "${id}": its ${delivery.count} deliveries ended without a ` +
      `result (${why})`,
    hint: "Check the log of its worker or job for memory limits and access to the registry.",
  });
}
