/**
 * Runs: programs log values while they compute a version. `run.ts` and `core/registry/run.ts` have
 * the types, and a run is stored as a draft. The code for a store is imported at the first call.
 *
 * @module
 */
import type { Registry, SavedArtifact } from "../../mod.ts";
import type { SignalOptions } from "../../registry/mod.ts";
import { COMMIT_DRAFT } from "../../core/calls/check_calls.ts";
import type {
  FinishStoredRunOptions,
  LoggedRun,
  LoggedRunPage,
  OpenRunOptions,
  ReadRunOptions,
  ReadRunsOptions,
  RunChange,
  RunName,
} from "../../core/registry/run.ts";
import type { Run } from "./run.ts";
import type { Curve, ReadCurvesOptions } from "./curves/read_curves.ts";
import { callFunction, listByFunction } from "../../registry/contract/call_function.ts";

export type {
  FinishStoredRunOptions,
  LoggedRun,
  LoggedRunPage,
  OpenRunOptions,
  ReadRunOptions,
  ReadRunsOptions,
  RunChange,
  RunFacts,
  RunName,
  RunWriter,
} from "../../core/registry/run.ts";
export type { Curve, ReadCurvesOptions } from "./curves/read_curves.ts";
export type { FinishRunOptions, Run, RunValues } from "./run.ts";

interface RunId {
  id: string;
}

type Tool = typeof import("./open_run.ts");

/** Imports an operation on a run, whose id is an option of the function. */
async function onRun<O, Result>(
  pick: (tool: Tool) => (registry: Registry, run: RunName, options: O) => Result,
): Promise<(registry: Registry, name: string, options: O & RunId) => Result> {
  const here = pick(await import("./open_run.ts"));
  return (registry, name, { id, ...options }) => here(registry, { name, id }, options as O);
}

/**
 * Opens a run: it logs values while a program computes a version, and others can watch them.
 * `finish` saves the version. If the program is killed, the stored points stay for a week: open the
 * run again with the same id, or save it with {@linkcode finishRun}, within six days.
 *
 * @throws {RegistryError} `Conflict` if a run with this id was finished, or has another value of a
 * parameter or tag; `Unsupported` for a registry without a store or service
 *
 * @example
 * ```ts
 * import { openRegistry } from "@holdfast/holdfast";
 * import { openRun } from "@holdfast/holdfast/runs";
 * import { assertEquals } from "@std/assert";
 *
 * await using registry = await openRegistry("memory:");
 * await using run = await openRun(registry, "digits:model", { params: { rate: 0.1 } });
 * for (let step = 0; step < 3; step++) run.log({ step, loss: 1 / (1 + step) });
 * const { version } = await run.finish({ weights: [1, 2] });
 *
 * const { metadata } = await registry.info(`digits:model@${version}`);
 * assertEquals(metadata.params, { rate: 0.1 });
 * assertEquals(metadata.metrics, { loss: 1 / 3, "loss.min": 1 / 3 });
 * assertEquals(await registry.load("digits:model"), { weights: [1, 2] });
 * ```
 */
export async function openRun(
  registry: Registry,
  name: string,
  options: OpenRunOptions = {},
): Promise<Run> {
  return await callFunction(registry, [name, options], {
    name: "openRun",
    action: "open a run of",
    options: { id: {}, params: {}, tags: {} },
    here: async () => (await import("./open_run.ts")).openRunHere,
  });
}

/**
 * Lists the runs that are not finished: running, killed and failed ones.
 *
 * @throws {RegistryError} `Unsupported` for a registry without a store or service
 */
export function readLoggedRuns(
  registry: Registry,
  options: ReadRunsOptions = {},
): AsyncIterable<LoggedRun> {
  return listByFunction(registry, [options], {
    name: "readLoggedRuns",
    action: "list runs",
    options: { name: {}, names: {} },
    here: async () => (await import("./open_run.ts")).runsHere,
  });
}

/**
 * Reads a run and a page of its points, also before it ends.
 *
 * @throws {RegistryError} `NotFound` if there is no such run
 */
export async function readLoggedRun(
  registry: Registry,
  name: string,
  options: ReadRunOptions & { id: string },
): Promise<LoggedRunPage> {
  return await callFunction(registry, [name, options], {
    name: "readLoggedRun",
    action: "read a run of",
    options: { id: {}, after: {}, lines: {} },
    required: ["id"],
    here: () => onRun((tool) => tool.readRunHere),
  });
}

/**
 * Adds parameters and tags to a run that is not finished.
 *
 * @throws {RegistryError} `NotFound` if there is no such run, `Conflict` if a parameter or tag has
 * another value, unless `replace`
 */
export async function updateRun(
  registry: Registry,
  name: string,
  options: RunChange & { id: string },
): Promise<void> {
  await callFunction(registry, [name, options], {
    name: "updateRun",
    action: "update a run of",
    options: { id: {}, params: {}, tags: {}, replace: {} },
    required: ["id"],
    here: () => onRun((tool) => tool.updateRunHere),
  });
}

/**
 * Discards a run: no program can log to it any more, and `gc` removes its points after the grace
 * period. False if there is none, or if it has ended.
 */
export async function discardRun(
  registry: Registry,
  name: string,
  options: SignalOptions & { id: string },
): Promise<boolean> {
  return await callFunction(registry, [name, options], {
    name: "discardRun",
    action: "discard a run of",
    options: { id: {} },
    required: ["id"],
    here: () => onRun((tool) => tool.discardRunHere),
  });
}

/**
 * Saves a stored run as a version, such as the run of a killed program. Repeats and
 * completes a finish that was killed.
 *
 * @throws {RegistryError} `NotFound` if there is no such run, `Invalid` if it has neither points nor `parts`
 */
export async function finishRun(
  registry: Registry,
  name: string,
  options: FinishStoredRunOptions & { id: string },
): Promise<SavedArtifact> {
  return await callFunction(registry, [name, options], {
    name: "finishRun",
    action: "finish a run of",
    options: { id: {}, writer: {}, ...COMMIT_DRAFT },
    reports: "moved",
    required: ["id"],
    here: () => onRun((tool) => tool.finishRunHere),
  });
}

/**
 * Reads the curves of the run that saved a version, by name: `test.accuracy` if nested.
 *
 * @throws {RegistryError} `NotFound` if the version has no curves, `Invalid` for less than 2 points
 *
 * @example
 * ```ts
 * import { openRegistry } from "@holdfast/holdfast";
 * import { openRun, readCurves } from "@holdfast/holdfast/runs";
 * import { assertEquals } from "@std/assert";
 *
 * await using registry = await openRegistry("memory:");
 * await using run = await openRun(registry, "digits:model");
 * for (let step = 0; step < 1000; step++) run.log({ step, loss: 1 / (1 + step) });
 * await run.finish();
 *
 * const { loss } = Object.fromEntries(await readCurves(registry, "digits:model", { points: 2 }));
 * assertEquals(loss, { steps: [0, 999], values: [1, 1 / 1000] });
 * ```
 */
export async function readCurves(
  registry: Registry,
  ref: string,
  options: ReadCurvesOptions = {},
): Promise<Map<string, Curve>> {
  return await callFunction(registry, [ref, options], {
    name: "readCurves",
    action: "read the curves of",
    options: { points: {} },
    here: async () => (await import("./curves/read_curves.ts")).readCurvesHere,
  });
}
