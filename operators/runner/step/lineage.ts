// The inputs of a step, as lineage of its outputs.
import { sha256 } from "../../../core/bytes/digest.ts";
import type { ArtifactInput } from "../../../core/record.ts";
import type { PinnedInput } from "../pin_inputs.ts";
import { recordNames } from "../records/names.ts";
import type { RunContext } from "../run_context.ts";

/** Most inputs of an artifact. */
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
      const { name, version, digest } = await registry.save(artifact, refs, options);
      groups.push({ ref: `${name}@${version}`, digest });
    }
    named = groups;
  }
  return named;
}
