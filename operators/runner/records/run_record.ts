// What is kept of a run: its plan, how it ended, and that it is to stop.
import { fault, isRegistryError } from "../../../core/errors.ts";
import { shown } from "../../../core/naming/names.ts";
import type { Registry, SignalOptions } from "../../../core/registry.ts";
import type { RunEnd, StepOutcome } from "../events.ts";
import type { PipelinePlan } from "../plan.ts";
import { type FoundRecord, readRecord, saveRecord } from "./files.ts";
import { formatRunId, numberOf, parseRunId, recordNames, versionOf } from "./names.ts";

/** How a run ended. */
export interface RunResult {
  kind: "result";
  /** `my_pipeline@3`. */
  run: string;
  /** `ok` where every step has a success now. */
  end: RunEnd;
  /** When it began, ISO 8601. */
  startedAt: string;
  /** How long it took, milliseconds. */
  durationMs: number;
  steps: Record<string, StepOutcome>;
}

/** Options of {@linkcode saveRun}. */
export interface SaveRunOptions extends SignalOptions {
  /** The merged configuration, without the values of secrets: kept beside the plan, for people. */
  configuration?: string;
  /** The first to save a run with this key begins it; for all others that is the run too. @default each begins another */
  key?: string;
}

export async function saveRun(
  registry: Registry,
  plan: PipelinePlan,
  { signal, configuration: text, key: idempotencyKey }: SaveRunOptions = {},
): Promise<string> {
  const beside: Record<string, string> = text === undefined ? {} : { "pipeline.json": text };
  const name = recordNames(plan.pipeline).run;
  let last = 0;
  for await (const { version } of registry.versions(name, { limit: 1, signal })) {
    last = numberOf(version);
  }
  for (let number = last + 1;; number++) {
    const version = versionOf(number);
    const { pipeline, configuration } = plan;
    const metadata = {
      pipeline,
      run: formatRunId({ pipeline, number }),
      configuration,
      steps: plan.steps.length,
    };
    try {
      const options = { version, metadata, beside, idempotencyKey, signal };
      const saved = await saveRecord(registry, { name, record: plan }, options);
      return formatRunId({ pipeline, number: numberOf(saved.version) });
    } catch (error) {
      if (!isRegistryError(error, "AlreadyExists")) throw error; // else another run began at this moment
    }
  }
}

/**
 * Reads the plan of a run.
 *
 * @throws {RegistryError} `NotFound` where there is no such run
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
  const found = await readRecord<PipelinePlan>(registry, ref, { kind: "plan", signal });
  if (found !== undefined) return found;
  throw fault({
    code: "NotFound",
    action: "find run",
    subject: shown(run),
    state: "the registry has no such run",
    hint: `All runs: holdfast pipeline status ${pipeline}`,
  });
}

export async function saveResult(
  registry: Registry,
  result: RunResult,
  options: SignalOptions = {},
): Promise<void> {
  const { pipeline, number } = parseRunId(result.run);
  const { run, end } = result;
  const name = recordNames(pipeline).result;
  const metadata = { pipeline, run, end };
  try {
    await saveRecord(registry, { name, record: result }, {
      ...options,
      version: versionOf(number),
      metadata,
    });
  } catch (error) {
    if (!isRegistryError(error, "AlreadyExists")) throw error;
  }
}

/** How a run ended; undefined where it has not, or where its process died. */
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
 * Asks a run to stop, wherever it is executed: it looks for this every few seconds.
 *
 * @returns false where it was asked before
 * @throws {RegistryError} `NotFound` where there is no such run
 */
export async function cancelRun(
  registry: Registry,
  run: string,
  options: SignalOptions = {},
): Promise<boolean> {
  await readRun(registry, run, options);
  const { pipeline, number } = parseRunId(run);
  const name = recordNames(pipeline).cancel;
  try {
    const metadata = { pipeline, run };
    await saveRecord(registry, { name, record: { kind: "cancel", run } }, {
      ...options,
      metadata,
      version: versionOf(number),
    });
    return true;
  } catch (error) {
    if (!isRegistryError(error, "AlreadyExists")) throw error;
    return false;
  }
}

/** Whether a run was asked to stop. */
export async function isCancelled(
  registry: Registry,
  run: string,
  options: SignalOptions = {},
): Promise<boolean> {
  const { pipeline, number } = parseRunId(run);
  return await registry.has(`${recordNames(pipeline).cancel}@${versionOf(number)}`, options);
}
