// Failures of steps: version N.K.S of their name is attempt K in run N, of shard S where several
// share the step.
import { isRegistryError } from "../../../core/errors.ts";
import type { Shard } from "../../../core/pipelines/operator.ts";
import type { Registry, SignalOptions } from "../../../core/registry.ts";
import { type FoundRecord, readRecord, saveRecord, type SaveRecordOptions } from "./files.ts";
import { parseRunId, recordNames } from "./names.ts";
import type { FailureRecord } from "./step_record.ts";

/** Options of {@linkcode saveFailure}. */
export interface SaveFailureOptions extends Pick<SaveRecordOptions, "beside" | "signal"> {
  metadata: Record<string, unknown>;
  shard?: Shard;
}

/** Keeps a failure, and returns its ref. Of two of the same attempt, as of two deliveries, the first is kept. */
export async function saveFailure(
  registry: Registry,
  record: FailureRecord,
  { metadata, shard, ...options }: SaveFailureOptions,
): Promise<string> {
  const { pipeline, number } = parseRunId(record.run);
  const { step, attempt, exitCode, again } = record;
  const name = recordNames(pipeline).failure(step);
  const version = `${number}.${attempt}.${shard?.index ?? 0}`;
  try {
    await saveRecord(registry, { name, record }, {
      ...options,
      version,
      metadata: { ...metadata, attempt, exitCode, again },
    });
  } catch (error) {
    if (!isRegistryError(error, "AlreadyExists")) throw error;
  }
  return `${name}@${version}`;
}

export interface KnownFailures {
  last?: FoundRecord<FailureRecord>;
  /** How often it failed, by the index of the shard; 0 where nobody shares it. */
  attempts: ReadonlyMap<number, number>;
}

export async function findFailures(
  registry: Registry,
  { run, step }: { run: string; step: string },
  { signal }: SignalOptions = {},
): Promise<KnownFailures> {
  const { pipeline, number } = parseRunId(run);
  const name = recordNames(pipeline).failure(step);
  const attempts = new Map<number, number>();
  let last: FoundRecord<FailureRecord> | undefined;
  const range = `^${number}.0.0`;
  for await (
    const { version, info, error } of registry.versions(name, { range, details: true, signal })
  ) {
    if (error !== undefined) throw error;
    const [, attempt, shard] = version.split(".").map(Number);
    attempts.set(shard, Math.max(attempt, attempts.get(shard) ?? 0));
    if (last === undefined && info?.metadata.again === false) {
      last = await readRecord<FailureRecord>(registry, `${name}@${version}`, {
        kind: "failure",
        signal,
      });
    }
  }
  return { attempts, ...(last === undefined ? {} : { last }) };
}
