// Records of runs: the plan, the result, and the request to cancel.
import { fault, isRegistryError } from "../../../core/errors.ts";
import { shown } from "../../../core/naming/names.ts";
import type { Registry, SignalOptions } from "../../../core/registry.ts";
import type { RunEnd, StepOutcome } from "../events.ts";
import type { PipelinePlan } from "../plan.ts";
import { type FoundRecord, readRecord, saveRecord } from "./files.ts";
import { formatRunId, numberOf, parseRunId, recordNames, versionOf } from "./names.ts";

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
  const beside: Record<string, string> = text === undefined ? {} : { "pipeline.json": text };
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
    try {
      const options = { version, metadata, beside, idempotencyKey, signal };
      const saved = await saveRecord(registry, { name, record: plan }, options);
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

export async function saveResult(registry: Registry, result: RunResult): Promise<void> {
  const { run, end } = result;
  const { pipeline, number } = parseRunId(run);
  const name = recordNames(pipeline).result;
  await saveOnce(registry, { name, record: result }, {
    version: versionOf(number),
    metadata: { pipeline, run, end },
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

/** Returns whether a run was asked to stop. */
export async function isCancelled(
  registry: Registry,
  run: string,
  options: SignalOptions = {},
): Promise<boolean> {
  const { pipeline, number } = parseRunId(run);
  return await registry.has(`${recordNames(pipeline).cancel}@${versionOf(number)}`, options);
}
