// The successes of a step: finding the one that counts, and adding one.
import { isRegistryError } from "../../../core/errors.ts";
import type { PipelineStep } from "../../contract/pipeline.ts";
import type { ArtifactInput } from "../../../core/record.ts";
import type { PlannedStep } from "../plan.ts";
import { changesOf, goneOutputs } from "../reasons.ts";
import { codeOf, countedParams, effectKey } from "../fingerprint.ts";
import type { PinnedInput } from "../pin_inputs.ts";
import { readSuccess, saveRecord } from "../records/files.ts";
import type { FoundRecord, SaveRecordOptions } from "../records/files.ts";
import { numberOf, recordNames, versionOf } from "../records/names.ts";
import type { Fingerprint, StepRecord } from "../records/step_record.ts";
import type { RunContext } from "../run_context.ts";

export interface StepState {
  fingerprint: Fingerprint;
  effect: string;
  last?: FoundRecord<StepRecord>;
  done?: FoundRecord<StepRecord>;
}

/** Looks whether a step has been done, as {@linkcode findSuccess}, with its params and code of now. */
export async function findState(
  step: PipelineStep,
  planned: Pick<PlannedStep, "previous" | "reasons" | "files">,
  present: Pick<Present, "inputs" | "seen">,
  context: Pick<RunContext, "registry" | "pipeline" | "operators" | "s3" | "signal">,
): Promise<StepState> {
  const code = await codeOf(step, planned.files, context);
  return await findSuccess(
    step,
    planned,
    { ...present, params: countedParams(step), code },
    context,
  );
}

interface Present extends Pick<Fingerprint, "params" | "code"> {
  inputs: Record<string, PinnedInput>;
  seen?: { last?: FoundRecord<StepRecord> };
}

/**
 * Looks whether a step has been done, and whether it would do what it did the last time.
 *
 * @param present what it is made of now; `seen`, where its last success was read a moment ago
 */
export async function findSuccess(
  step: PipelineStep,
  planned: Pick<PlannedStep, "previous" | "reasons">,
  present: Present,
  { registry, pipeline, s3, signal }: Pick<RunContext, "registry" | "pipeline" | "s3" | "signal">,
): Promise<StepState> {
  const { inputs, params, code, seen } = present;
  const digests = Object.fromEntries(
    Object.entries(inputs).map(([name, { digest }]) => [name, digest]),
  );
  const fingerprint = { inputs: digests, params, code };
  const { previous } = planned;
  const effect = effectKey(fingerprint, { pipeline: pipeline.id, step: step.id, previous });
  const name = recordNames(pipeline.id).step(step.id);
  const { last } = seen ??
    { last: await readSuccess(registry, name, signal) };
  const state = { fingerprint, effect, last };
  if (last === undefined) return state;
  if (last.record.effect === effect) return { ...state, done: last };
  if (!planned.reasons.includes("forced")) {
    const changes = changesOf(step, last.record, { ...present, waiting: [] });
    const isSame = changes.length === 0 &&
      (await goneOutputs(step, last.record, { registry, s3, signal })).length === 0;
    if (isSame) return { ...state, done: last };
  }
  if (last.info.commit === previous) return state;
  for await (const { version } of registry.versions(name, { signal })) { // others have done it since the run was planned
    const earlier = await readSuccess(registry, `${name}@${version}`, signal);
    if (earlier?.record.effect === effect) return { ...state, done: earlier };
    if (earlier?.info.commit === previous) break;
  }
  return state;
}

/**
 * Adds a success. Where somebody else has added the same meanwhile, that is the one.
 *
 * Its version is the number after the last one, which only one can create: so it needs no key of its own.
 */
export async function addSuccess(
  record: StepRecord,
  last: FoundRecord<StepRecord> | undefined,
  { registry, pipeline, signal }: Pick<RunContext, "registry" | "pipeline" | "signal">,
  options: { inputs: ArtifactInput[]; beside: SaveRecordOptions["beside"] },
): Promise<FoundRecord<StepRecord>> {
  const name = recordNames(pipeline.id).step(record.step);
  const metadata = metadataOf(record);
  for (let number = last === undefined ? 1 : numberOf(last.info.version) + 1;; number++) {
    const version = versionOf(number);
    try {
      const { commit } = await saveRecord(registry, { name, record }, {
        ...options,
        version,
        metadata,
        signal,
      });
      return { record, info: { name, version, commit, createdAt: new Date(0) } };
    } catch (error) {
      if (!isRegistryError(error, "AlreadyExists")) throw error;
      const there = await readSuccess(registry, `${name}@${version}`, signal);
      if (there?.record.effect === record.effect) return there;
    }
  }
}

const MAX_METADATA_BYTES = 32 * 1024;

/** What is kept of a step beside its record and its outputs; a very long fingerprint only in the record. */
export function metadataOf(
  { run, step, node, operator, fingerprint, effect }: Pick<
    StepRecord,
    "run" | "step" | "node" | "operator" | "fingerprint" | "effect"
  >,
): Record<string, unknown> {
  const short = {
    pipeline: run.slice(0, run.lastIndexOf("@")),
    run,
    step,
    node,
    operator,
    code: fingerprint.code,
    effect,
  };
  const whole = { ...short, params: fingerprint.params, inputs: fingerprint.inputs };
  return JSON.stringify(whole).length > MAX_METADATA_BYTES ? short : whole;
}
