// Records of failed attempts. Version N.K.S of a step's failures is attempt K in run N, of shard S.
import type { Registry } from "../../../mod.ts";
import type { SignalOptions } from "../../../registry/mod.ts";
import { isRegistryError, type Shard } from "../../../core/kernel.ts";
import { readRecord, saveRecord } from "./files.ts";
import type { FailureRecord, FoundRecord, SaveRecordOptions, StepRecord } from "./files.ts";
import { parseRunId, recordNames, versionOf } from "./names.ts";
import { failureOutcome, ranOutcome, type StepOutcome } from "../outcomes.ts";

/** Saves a failure and returns its ref. A second delivery of the attempt keeps the first one. */
export async function saveFailure(
  registry: Registry,
  record: FailureRecord,
  { metadata, shard, ...options }: Pick<SaveRecordOptions, "beside" | "signal"> & {
    metadata: Record<string, unknown>;
    shard?: Shard;
  },
): Promise<string> {
  const { pipeline, number } = parseRunId(record.run);
  const { step, attempt, exitCode, again } = record;
  const name = recordNames(pipeline).failure(step);
  const version = `${number}.${attempt}.${shard?.index ?? 0}`;
  metadata = { ...metadata, attempt, exitCode, again };
  try {
    await saveRecord(registry, { name, record }, { ...options, version, metadata });
  } catch (error) {
    if (!isRegistryError(error, "AlreadyExists")) throw error;
  }
  return `${name}@${version}`;
}

export async function findFailures(
  registry: Registry,
  { run, step }: { run: string; step: string },
): Promise<{
  last?: FoundRecord<FailureRecord>;
  /** Number of failed attempts by index of the shard; 0 without shards. */
  attempts: ReadonlyMap<number, number>;
}> {
  const { pipeline, number } = parseRunId(run);
  const name = recordNames(pipeline).failure(step);
  const attempts = new Map<number, number>();
  let last: FoundRecord<FailureRecord> | undefined;
  const range = `^${number}.0.0`;
  for await (
    const { version, info, error } of registry.versions(name, { range, details: true })
  ) {
    if (error !== undefined) throw error;
    const [, attempt = 0, shard = 0] = version.split(".").map(Number);
    attempts.set(shard, Math.max(attempt, attempts.get(shard) ?? 0));
    if (last === undefined && info?.metadata.again === false) {
      const ref = `${name}@${version}`;
      last = await readRecord<FailureRecord>(registry, ref, { kind: "failure" });
    }
  }
  return { attempts, last };
}

interface StepAttempt {
  ref: string;
  record: StepRecord | FailureRecord;
  outcome: StepOutcome;
  /** True if it has a log, `log.txt` beside the record. */
  hasLog: boolean;
}

/** Largest assumed clock difference of machines that share a run, milliseconds. */
const CLOCKS_MS = 24 * 3_600_000;

/**
 * Returns the ended attempts of a step in a run, in order. A cancelled or killed attempt has no
 * record.
 *
 * @throws {RegistryError} `Invalid` for an invalid run, `NotFound` if it does not exist
 */
export async function attemptsOf(
  registry: Registry,
  { run, step }: { run: string; step: string },
  { signal }: SignalOptions = {},
): Promise<StepAttempt[]> {
  const { pipeline, number } = parseRunId(run);
  const names = recordNames(pipeline);
  const { createdAt } = await registry.info(`${names.run}@${versionOf(number)}`, { signal });
  const since = createdAt.getTime() - CLOCKS_MS;
  const attempts: StepAttempt[] = [];
  // Versions of failures begin with the number of the run; successes have it in their metadata.
  await add<FailureRecord>(names.failure(step), { kind: "failure", range: `^${number}.0.0` });
  await add<StepRecord>(names.step(step), { kind: "step" });
  return attempts;

  async function add<T extends StepAttempt["record"]>(
    name: string,
    { kind, range }: { kind: T["kind"]; range?: string },
  ): Promise<void> {
    const rangeAttempts: StepAttempt[] = [];
    for await (
      const { version, info, error } of registry.versions(name, { range, details: true, signal })
    ) {
      if (error !== undefined) throw error;
      if (info === undefined) continue; // just deleted
      if (info.createdAt.getTime() < since) break;
      if (info.metadata.run !== run) continue;
      const ref = `${name}@${version}`;
      const read = await readRecord<T>(registry, ref, { kind, signal });
      if (read === undefined) continue;
      const { record } = read;
      const outcome = record.kind === "failure"
        ? failureOutcome({ record, info })
        : ranOutcome({ record, info });
      const hasLog = info.files.some(({ path }) => path === "log.txt");
      rangeAttempts.unshift({ ref, record, outcome, hasLog });
    }
    attempts.push(...rangeAttempts);
  }
}
