// Failures of steps: version N.K.S of their name is attempt K in run N, of shard S where several
// share the step.
import { isRegistryError } from "../../../core/errors.ts";
import type { Shard } from "../../../core/work/shards.ts";
import type { Registry, SignalOptions } from "../../../core/registry.ts";
import { type FoundRecord, readRecord, saveRecord, type SaveRecordOptions } from "./files.ts";
import { parseRunId, recordNames, versionOf } from "./names.ts";
import type { FailureRecord, StepRecord } from "./step_record.ts";
import type { StepOutcome } from "../events.ts";
import { failureOutcome, ranOutcome } from "../outcomes.ts";

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

/** An attempt of a step that ended: its success, or a failure. */
export interface StepAttempt {
  ref: string;
  record: StepRecord | FailureRecord;
  outcome: StepOutcome;
  /** Whether it left a log, `log.txt` beside the record. */
  hasLog: boolean;
}

/** Machines whose clocks differ by less than this may share a run, milliseconds: more records are read, no more than that. */
const CLOCKS_MS = 24 * 3_600_000;

/**
 * The attempts of a step in a run that have ended, in their order. One that was cut off by a cancellation or a kill has
 * left nothing.
 *
 * @throws {RegistryError} `Invalid` for what is no run, `NotFound` where there is none
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
  // Versions N.K.S of failures are those of run N; a success says itself which run it is of.
  await add<FailureRecord>(names.failure(step), { kind: "failure", range: `^${number}.0.0` });
  await add<StepRecord>(names.step(step), { kind: "step" });
  return attempts;

  async function add<T extends StepAttempt["record"]>(
    name: string,
    { kind, range }: { kind: T["kind"]; range?: string },
  ): Promise<void> {
    const found: StepAttempt[] = [];
    for await (
      const { version, info, error } of registry.versions(name, { range, details: true, signal })
    ) {
      if (error !== undefined) throw error;
      if (info === undefined) continue; // deleted since it was listed
      if (info.createdAt.getTime() < since) break;
      if (info.metadata.run !== run) continue;
      const ref = `${name}@${version}`;
      const read = await readRecord<T>(registry, ref, { kind, signal });
      if (read === undefined) continue;
      const { record } = read;
      const outcome = record.kind === "failure"
        ? failureOutcome({ record, info })
        : ranOutcome({ record, info });
      found.unshift({
        ref,
        record,
        outcome,
        hasLog: info.files.some(({ path }) => path === "log.txt"),
      });
    }
    attempts.push(...found);
  }
}
