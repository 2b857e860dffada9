// Runs of programs that log values. The code for a store is imported at the first call.
import { checkOptions, checkRegistry, type OptionNames } from "../../core/options/check_options.ts";
import { checkNewName, shown } from "../../core/naming/names.ts";
import { COMMIT_DRAFT } from "../../core/calls/check_calls.ts";
import type { SignalOptions } from "../../core/registry/operations/saving.ts";
import { SIGNAL } from "../../core/registry/operations/row.ts";
import type { Registry, SavedArtifact } from "../../core/registry.ts";
import type {
  FinishStoredRunOptions,
  LoggedRun,
  LoggedRunPage,
  OpenRunOptions,
  ReadRunOptions,
  ReadRunsOptions,
  Run,
  RunChange,
} from "../../core/registry/run.ts";
import { worded, wordedListing } from "../../core/calls/verb_errors.ts";

const OPEN: OptionNames<OpenRunOptions> = { id: true, params: true, tags: true, ...SIGNAL };
const READ_ALL: OptionNames<ReadRunsOptions> = { name: true, names: true, ...SIGNAL };
const READ: OptionNames<ReadRunOptions & RunId> = {
  id: true,
  after: true,
  lines: true,
  ...SIGNAL,
};
const UPDATE: OptionNames<RunChange & RunId> = {
  id: true,
  params: true,
  tags: true,
  replace: true,
  ...SIGNAL,
};
const DISCARD: OptionNames<SignalOptions & RunId> = { id: true, ...SIGNAL };
const FINISH: OptionNames<FinishStoredRunOptions & RunId> = {
  id: true,
  writer: true,
  ...COMMIT_DRAFT,
};

interface RunId {
  id: string;
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
 * import { openRun } from "@holdfast/holdfast/registry";
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
  checkRegistry("open a run", registry);
  checkNewName(name);
  const checked = checkOptions(`open a run of ${shown(name)}`, options, OPEN);
  const tool = await import("../operations/runs/open_run.ts");
  return await worded(
    { verb: "open a run of", ref: name },
    () => tool.openRunHere(registry, name, checked),
  );
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
  return wordedListing({ verb: "list runs" }, runsOf(registry, options));
}

async function* runsOf(registry: Registry, options: ReadRunsOptions) {
  checkRegistry("list runs", registry);
  const checkedOptions = checkOptions("list runs", options, READ_ALL);
  const tool = await import("../operations/runs/open_run.ts");
  yield* tool.runsHere(registry, checkedOptions);
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
  checkRegistry("read a run", registry);
  const action = `read a run of ${shown(name)}`;
  const { id, ...checkedOptions } = checkOptions(action, options, READ, ["id"]);
  const tool = await import("../operations/runs/open_run.ts");
  return await worded(
    { verb: "read a run of", ref: name },
    () => tool.readRunHere(registry, { name, id }, checkedOptions),
  );
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
  checkRegistry("update a run", registry);
  const action = `update a run of ${shown(name)}`;
  const { id, ...change } = checkOptions(action, options, UPDATE, ["id"]);
  const tool = await import("../operations/runs/open_run.ts");
  await worded(
    { verb: "update a run of", ref: name },
    () => tool.updateRunHere(registry, { name, id }, change),
  );
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
  checkRegistry("discard a run", registry);
  const action = `discard a run of ${shown(name)}`;
  const { id, ...checkedOptions } = checkOptions(action, options, DISCARD, ["id"]);
  const tool = await import("../operations/runs/open_run.ts");
  return await worded(
    { verb: "discard a run of", ref: name },
    () => tool.discardRunHere(registry, { name, id }, checkedOptions),
  );
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
  checkRegistry("finish a run", registry);
  const action = `finish a run of ${shown(name)}`;
  const { id, ...checkedOptions } = checkOptions(action, options, FINISH, ["id"]);
  const tool = await import("../operations/runs/open_run.ts");
  return await worded(
    { verb: "finish a run of", ref: name },
    () => tool.finishRunHere(registry, { name, id }, checkedOptions),
  );
}
