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
  return await watchCarried(await findCarriedRun(pipeline, options), options);
}

/**
 * The same for a run that was read before.
 *
 * @param jobs of the steps that were handed over a moment ago, by step: those and what comes after them need no look yet
 */
export async function watchCarried(
  run: CarriedRun,
  { carry, signal, failFast = false }: Pick<WatchRunOptions, "carry" | "signal" | "failFast">,
  jobs?: ReadonlyMap<string, string>,
): Promise<RunResult> {
  const { context, plan, state } = run;
  const { registry, system, dependencies, logger, tell } = context;
  const left = new Set(plan.record.steps.map(({ step }) => step));
  const deliveries = new Map(
    [...jobs ?? []].map(([id, job]): [string, Delivery] => [id, { count: 1, job }]),
  );
  let lookedAtAll = system.monotonic();
  let stopBy: number | undefined;
  let failed = false;
  let waitMs: number = WAIT_MS.first;
  let toLook = plan.record.steps.filter(({ decision }) => jobs === undefined || decision === "skip")
    .map(({ step }) => step);
  let over = false;
  let troubledSince: number | undefined;
  tell({ type: "run started", run: context.run, steps: left.size });

  while (left.size > 0 && !over) {
    signal?.throwIfAborted();
    try {
      over = await lookOnce();
      troubledSince = undefined;
    } catch (error) { // as while a server is started again: what steps do goes on
      if (!isRegistryError(error, "Unavailable", "Unknown")) throw error;
      if (system.monotonic() - (troubledSince ??= system.monotonic()) > PATIENCE_MS) throw error;
      logger.warn(`${error.message}; trying again`);
      toLook = [...left];
      waitMs = WAIT_MS.most;
    }
    if (!over && waitMs > 0) await system.sleep(waitMs, signal);
  }
  await look([...left]);
  for (const id of left) tellEnd(id, STOPPED);
  const result = (await endRun(run, { stopped: STOPPED }))!;
  tell({ type: "run ended", run: context.run, end: result.end, durationMs: result.durationMs });
  return result;

  async function lookOnce(): Promise<boolean> {
    if (stopBy === undefined && (failed && failFast || await isToStop(run))) {
      if (failed && failFast) await cancelRun(registry, context.run);
      await stopAll();
      stopBy = system.monotonic() + STOP_WITHIN_MS;
    }
    const before = left.size;
    await look(toLook);
    if (left.size === 0) return true;
    const changed = await poll() || left.size < before;
    if (
      stopBy !== undefined &&
      (system.monotonic() > stopBy || [...deliveries.values()].every(isOver))
    ) return true;
    const isTimeForAll = system.monotonic() - lookedAtAll > LOOK_AT_ALL_MS;
    if (isTimeForAll) lookedAtAll = system.monotonic();
    toLook = [...left].filter((id) => isTimeForAll || isOver(deliveries.get(id)));
    waitMs = changed
      ? (toLook.length > 0 ? 0 : WAIT_MS.first)
      : Math.min(Math.max(waitMs, WAIT_MS.first) * 1.5, WAIT_MS.most);
    return false;
  }

  function tellEnd(id: string, outcome: StepOutcome): void {
    left.delete(id);
    deliveries.delete(id);
    failed ||= outcome.end === "failed";
    tell({ type: "step ended", step: id, ...outcome });
  }

  async function look(ids: readonly string[]): Promise<void> {
    for (let next = ids.filter((id) => left.has(id)); next.length > 0;) {
      const statuses = await state.look(next);
      next = [];
      await Promise.all([...statuses].map(async ([id, status]) => {
        if (status.is === "ended") {
          if (left.has(id)) tellEnd(id, status.outcome);
          next.push(...dependencies.after.get(id)!.filter((one) => left.has(one)));
        } else if (status.is === "due" && stopBy === undefined) {
          if (await begin(id, status)) next.push(id);
        }
      }));
      next = [...new Set(next)];
    }
  }

  async function begin(id: string, due: DueStep): Promise<boolean> {
    const known = deliveries.get(id);
    if (known !== undefined && !isOver(known)) return false;
    const count = (known?.count ?? 0) + 1;
    if (known !== undefined && count > mostDeliveries(dependencies.steps.get(id)!)) {
      await giveUp(run, id, { due, delivery: known });
      return true;
    }
    if (known !== undefined) {
      logger.info(`step "${id}" is handed over again: its job ${known.state}`);
    }
    const job = await deliver(context, id, { ...carry, count });
    deliveries.set(id, { count, job });
    return false;
  }

  async function poll(): Promise<boolean> {
    const asked = [...deliveries].filter(([, delivery]) => !isOver(delivery));
    if (asked.length === 0) return false;
    const jobs = await carry.engine.poll(asked.map(([, { job }]) => job), { signal });
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
        tell({ type: "step started", step, attempt: delivery.count, folder: context.folder });
      }
    }
    return changed;
  }

  async function stopAll(): Promise<void> {
    const { engine } = carry;
    const jobs = await engine.list(context.run);
    const ids = new Set([...jobs.filter(({ state }) => !OVER.has(state)).map(({ id }) => id)]);
    for (const { step, id, state } of jobs) {
      if (step === undefined || !left.has(step) || deliveries.has(step)) continue;
      deliveries.set(step, { count: 1, job: id, state });
    }
    for (const delivery of deliveries.values()) if (!isOver(delivery)) ids.add(delivery.job);
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
