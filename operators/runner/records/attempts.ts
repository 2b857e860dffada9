// What steps did in a run, by their records: also while it goes on, and of a run whose process
// died.
import type { Registry, SignalOptions } from "../../../core/registry.ts";
import type { StepOutcome } from "../events.ts";
import { failureOutcome, ranOutcome } from "../outcomes.ts";
import { readRecord } from "./files.ts";
import { parseRunId, recordNames, versionOf } from "./names.ts";
import type { FailureRecord, StepRecord } from "./step_record.ts";

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
