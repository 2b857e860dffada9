// Adds successes of a step.
import type { ArtifactInput } from "../../registry/mod.ts";
import { isRegistryError, sha256 } from "../../core/kernel.ts";
import type { PinnedInput } from "./pin_inputs.ts";
import { readSuccess, saveOnce, saveRecord } from "./records/files.ts";
import type { FoundRecord, SaveRecordOptions, StepRecord } from "./records/files.ts";
import { numberOf, recordNames, versionOf } from "./records/names.ts";
import type { RunContext } from "./run_context.ts";

/**
 * Adds a success, or returns the same one if another process has just added it. Its version follows
 * the last one, so only one process can create it.
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
      const more = { ...options, version, metadata, signal };
      const { commit } = await saveRecord(registry, { name, record }, more);
      return { record, info: { name, version, commit, createdAt: new Date(0) } };
    } catch (error) {
      if (!isRegistryError(error, "AlreadyExists")) throw error;
      const present = await readSuccess(registry, `${name}@${version}`, signal);
      if (present?.record.effect === record.effect) return present;
    }
  }
}

/** Returns the facts of a step with another code, if there is one. */
export function withCode<Facts extends Pick<StepRecord, "fingerprint">>(
  facts: Facts,
  code: string | undefined,
): Facts {
  return code === undefined ? facts : { ...facts, fingerprint: { ...facts.fingerprint, code } };
}

const MAX_METADATA_BYTES = 32 * 1024;

/** Returns the metadata of a step's record and outputs. Omits a very long fingerprint. */
export function metadataOf(
  { run, step, node, operator, fingerprint, effect, metrics }: Pick<
    StepRecord,
    "run" | "step" | "node" | "operator" | "fingerprint" | "effect" | "metrics"
  >,
): Record<string, unknown> {
  const pipeline = run.slice(0, run.lastIndexOf("@"));
  const short = { pipeline, run, step, node, operator, code: fingerprint.code, effect };
  const { params, env, inputs } = fingerprint;
  const whole = { ...short, params, ...env && { env }, inputs };
  const { byteLength } = new TextEncoder().encode(JSON.stringify(whole));
  const known = byteLength > MAX_METADATA_BYTES ? short : whole;
  return metrics === undefined ? known : { ...known, metrics };
}

/** Maximum number of inputs of an artifact. */
const MOST_INPUTS = 1_000;

/**
 * Returns the versions that a step reads, with their digests. If an artifact cannot have so many
 * inputs, they are grouped by artifacts `<pipeline>:inputs:<step>`, each saved once.
 */
export async function lineageOf(
  inputs: Readonly<Record<string, PinnedInput>>,
  { registry, pipeline, signal }: Pick<RunContext, "registry" | "pipeline" | "signal">,
  { step, effect }: { step: string; effect: string },
): Promise<ArtifactInput[]> {
  const read = new Map<string, ArtifactInput>();
  for (const { parts } of Object.values(inputs)) {
    for (const { ref, digest } of parts) if (ref !== undefined) read.set(ref, { ref, digest });
  }
  let named = [...read.values()];
  while (named.length > MOST_INPUTS) {
    const groups: ArtifactInput[] = [];
    for (let from = 0; from < named.length; from += MOST_INPUTS) {
      const group = named.slice(from, from + MOST_INPUTS);
      const refs = group.map((input) => typeof input === "string" ? input : input.ref);
      const artifact = recordNames(pipeline.id).inputs(step);
      const idempotencyKey = sha256(JSON.stringify([effect, group]));
      const options = { inputs: group, idempotencyKey, signal };
      const { name, version, digest } = await saveOnce(registry, artifact, refs, options);
      groups.push({ ref: `${name}@${version}`, digest });
    }
    named = groups;
  }
  return named;
}
