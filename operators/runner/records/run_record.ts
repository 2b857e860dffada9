// Records of runs: the plan, the result, and the request to cancel.
import type { Registry } from "../../../mod.ts";
import type { SignalOptions } from "../../../registry/mod.ts";
import {
  isRegistryError,
  isUnreadable,
  mapAtOnce,
  notFound,
  shown,
  taskFailed,
} from "../../../core/kernel.ts";
import type { RegistryError } from "../../../core/kernel.ts";
import type { PipelineStep } from "../../contract/pipeline.ts";
import type { RunEnd, StepOutcome } from "../outcomes.ts";
import type { PipelinePlan } from "../plan.ts";
import { type FoundRecord, readRecord, saveRecord } from "./files.ts";
import { formatRunId, numberOf, parseRunId, recordNames, versionOf } from "./names.ts";
import { CONFIGURATION_FILE } from "./run_params.ts";
import { resultMetadata } from "./result_metadata.ts";
import type { RunContext } from "../run_context.ts";
import { pipelineReasons } from "../../contract/reasons.ts";

/** Result of a run. */
export interface RunResult {
  kind: "result";
  /** `my_pipeline@3`. */
  run: string;
  /** `ok` if all steps have a success. */
  end: RunEnd;
  /** ISO 8601. */
  startedAt: string;
  /** Milliseconds. */
  durationMs: number;
  steps: Record<string, StepOutcome>;
}

export interface SaveRunOptions extends SignalOptions {
  /** The merged configuration without secrets, saved beside the plan. */
  configuration?: string;
  /** The first call with a key saves the run; others return it. @default a unique key */
  key?: string;
}

export async function saveRun(
  registry: Registry,
  plan: PipelinePlan,
  { signal, configuration: text, key: idempotencyKey }: SaveRunOptions = {},
): Promise<string> {
  const beside: Record<string, string> = text === undefined ? {} : { [CONFIGURATION_FILE]: text };
  const name = recordNames(plan.pipeline).run;
  let last = 0;
  for await (const { version } of registry.versions(name, { limit: 1, signal })) {
    last = numberOf(version);
  }
  for (let number = last + 1;; number++) {
    const version = versionOf(number);
    const { pipeline, configuration } = plan;
    const run = formatRunId({ pipeline, number });
    const metadata = { pipeline, run, configuration, steps: plan.steps.length };
    const options = { metadata, beside, idempotencyKey, signal };
    const save = (version?: string) =>
      saveRecord(registry, { name, record: plan }, { ...options, version });
    try {
      const saved = await save(version).catch((error) => {
        if (idempotencyKey === undefined || !isRegistryError(error, "Conflict")) throw error;
        return save(); // the run with this key has another number
      });
      return formatRunId({ pipeline, number: numberOf(saved.version) });
    } catch (error) {
      if (!isRegistryError(error, "AlreadyExists")) throw error; // else another run took the number
    }
  }
}

/**
 * Reads the plan of a run.
 *
 * @throws {RegistryError} `NotFound` if it does not exist
 */
export async function readRun(
  registry: Registry,
  run: string,
  options: SignalOptions = {},
): Promise<PipelinePlan> {
  return (await findRun(registry, run, options)).record;
}

export async function findRun(
  registry: Registry,
  run: string,
  { signal }: SignalOptions = {},
): Promise<FoundRecord<PipelinePlan>> {
  const { pipeline, number } = parseRunId(run);
  const ref = `${recordNames(pipeline).run}@${versionOf(number)}`;
  const planRecord = await readRecord<PipelinePlan>(registry, ref, { kind: "plan", signal });
  if (planRecord !== undefined) return planRecord;
  throw notFound("find run", shown(run), "the registry has no such run", {
    hint: `List all runs: listRuns(registry, ${shown(pipeline)}).`,
    reason: pipelineReasons.of("run_missing", { pipeline }),
  });
}

/** Saves the result of a run. `steps` are those of its pipeline. */
export async function saveResult(
  registry: Registry,
  result: RunResult,
  steps: readonly PipelineStep[],
): Promise<void> {
  const { pipeline, number } = parseRunId(result.run);
  const name = recordNames(pipeline).result;
  await saveOnce(registry, { name, record: result }, {
    version: versionOf(number),
    metadata: resultMetadata(result, steps),
  });
}

/** Saves a record unless its version exists. Returns whether it was saved. */
async function saveOnce(...args: Parameters<typeof saveRecord>): Promise<boolean> {
  try {
    await saveRecord(...args);
    return true;
  } catch (error) {
    if (!isRegistryError(error, "AlreadyExists")) throw error;
    return false;
  }
}

/** Reads the result of a run; undefined if it has not ended, or if its process died. */
export async function readResult(
  registry: Registry,
  run: string,
  options: SignalOptions = {},
): Promise<RunResult | undefined> {
  const { pipeline, number } = parseRunId(run);
  const ref = `${recordNames(pipeline).result}@${versionOf(number)}`;
  return (await readRecord<RunResult>(registry, ref, { ...options, kind: "result" }))?.record;
}

/**
 * Requests that a run stops, wherever it is executed. Its processes check for this every few
 * seconds.
 *
 * @returns false if it was requested before
 * @throws {RegistryError} `NotFound` if the run does not exist
 */
export async function cancelRun(
  registry: Registry,
  run: string,
  options: SignalOptions = {},
): Promise<boolean> {
  await readRun(registry, run, options);
  const { pipeline, number } = parseRunId(run);
  const name = recordNames(pipeline).cancel;
  const metadata = { pipeline, run };
  const version = versionOf(number);
  const record = { kind: "cancel", run };
  return await saveOnce(registry, { name, record }, { ...options, metadata, version });
}

export async function isCancelled(
  registry: Registry,
  run: string,
  options: SignalOptions = {},
): Promise<boolean> {
  const { pipeline, number } = parseRunId(run);
  return await registry.has(`${recordNames(pipeline).cancel}@${versionOf(number)}`, options);
}

/** A run in a list. */
export interface ListedRun {
  /** `my_pipeline@3` */
  run: string;
  plannedAt: Date;
  steps: number;
  /** Undefined while it runs, if its process died, and with an `error`. */
  result?: RunResult;
  /** The run or its result is damaged. */
  error?: RegistryError;
}

/** Options of {@linkcode listRuns}. */
export interface ListRunsOptions extends SignalOptions {
  /** Only runs of this pipeline. @default all */
  pipeline?: string;
  /** Names to look for pipelines, without `pipeline`. @default all of the registry */
  names?: AsyncIterable<string>;
  /** Only runs after this one in the list. */
  after?: string;
  /** @default all */
  limit?: number;
}

/** Lists runs, the newest first. The list is empty if `after` does not exist. */
export async function listRuns(
  registry: Registry,
  { pipeline, names, after, limit = Infinity, signal }: ListRunsOptions = {},
): Promise<ListedRun[]> {
  const planned: ListedRun[] = [];
  const ids = pipeline === undefined
    ? await pipelinesIn(names ?? registry.names({ signal }))
    : [pipeline];
  for (const id of ids) {
    const name = recordNames(id).run;
    const most = after === undefined ? limit : undefined;
    for await (const { version, modifiedAt } of registry.versions(name, { limit: most, signal })) {
      const run = formatRunId({ pipeline: id, number: numberOf(version) });
      try {
        const { createdAt, metadata } = await registry.info(`${name}@${version}`, { signal });
        if (metadata.run !== run) continue; // another artifact with such a name
        const { steps } = metadata;
        const isCount = Number.isSafeInteger(steps) && (steps as number) >= 0;
        planned.push({ run, plannedAt: createdAt, steps: isCount ? steps as number : 0 });
      } catch (error) {
        if (isRegistryError(error, "NotFound")) continue; // just deleted
        if (!isUnreadable(error)) throw error;
        planned.push({ run, plannedAt: modifiedAt, steps: 0, error });
      }
    }
  }
  planned.sort((a, b) => b.plannedAt.getTime() - a.plannedAt.getTime());
  const from = after === undefined ? 0 : planned.findIndex(({ run }) => run === after) + 1;
  const page = after !== undefined && from === 0 ? [] : planned.slice(from, from + limit);
  return await Array.fromAsync(mapAtOnce(page, async (listed) => {
    if (listed.error !== undefined) return listed;
    try {
      return { ...listed, result: await readResult(registry, listed.run, { signal }) };
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      return { ...listed, error };
    }
  }));
}

/** Returns the ids of pipelines that may have runs. */
async function pipelinesIn(names: AsyncIterable<string>): Promise<string[]> {
  const { run: suffix } = recordNames("");
  return (await Array.fromAsync(names)).filter((name) => name.endsWith(suffix) && name !== suffix)
    .map((name) => name.slice(0, -suffix.length));
}

/** Returns the last run of a pipeline; undefined if it has none. `pipeline` is its id. */
export async function lastRun(
  registry: Registry,
  pipeline: string,
  { signal }: SignalOptions = {},
): Promise<string | undefined> {
  for await (
    const { version } of registry.versions(recordNames(pipeline).run, { limit: 1, signal })
  ) {
    return formatRunId({ pipeline, number: numberOf(version) });
  }
}

/** Interval, milliseconds. */
const CHECK_MS = 2_000;

/** Aborts `stop` when the run is cancelled. Ends with `over`. */
export async function watchForCancel(
  { registry, run, system, logger }: Pick<RunContext, "registry" | "run" | "system" | "logger">,
  stop: AbortController,
  over: AbortSignal,
): Promise<void> {
  while (!over.aborted) {
    const asleep = await system.sleep(CHECK_MS, over).then(() => true, () => false);
    if (!asleep) return;
    try {
      if (await isCancelled(registry, run, { signal: over })) {
        return stop.abort(cancelledError(run));
      }
    } catch (error) {
      // The next check may succeed.
      if (!over.aborted) logger.debug(`cannot check whether the run is cancelled: ${error}`);
    }
  }
}

export function cancelledError(run: string): RegistryError {
  return taskFailed("continue run", run, "it was cancelled", {
    hint: "Run the pipeline again: finished steps are skipped.",
  });
}
